//! Tells the linker that the symbols of Node-API come from Node.js.

fn main() {
    napi_build::setup();
}
