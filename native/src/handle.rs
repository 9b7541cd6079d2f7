//! A kernel as a value of JavaScript, which owns it: an external, found again in tens of nanoseconds.

use crate::kernel::NativeKernel;
use napi::bindgen_prelude::{FromNapiValue, ToNapiValue, TypeName, ValidateNapiValue};
use napi::{Result, Status, ValueType, check_status, sys};
use std::cell::RefCell;
use std::ffi::c_void;
use std::ops::Deref;
use std::ptr;
use std::rc::Rc;

thread_local! {
    /// The kernels of this thread: an external that is none of them is refused.
    static KERNELS: RefCell<Vec<Rc<RefCell<NativeKernel>>>> = const { RefCell::new(Vec::new()) };
}

/// A new kernel on its way to JavaScript.
pub struct Opened(pub NativeKernel);

/// A kernel that JavaScript passed in.
pub struct Handle(Rc<RefCell<NativeKernel>>);

impl Deref for Handle {
    type Target = RefCell<NativeKernel>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl TypeName for Opened {
    fn type_name() -> &'static str {
        "NativeKernel"
    }

    fn value_type() -> ValueType {
        ValueType::External
    }
}

impl ToNapiValue for Opened {
    unsafe fn to_napi_value(env: sys::napi_env, opened: Self) -> Result<sys::napi_value> {
        let kernel = Rc::new(RefCell::new(opened.0));
        let address = Rc::as_ptr(&kernel).cast_mut().cast();
        KERNELS.with_borrow_mut(|kernels| kernels.push(kernel));
        let mut value = ptr::null_mut();
        // SAFETY: `forget` runs on this thread, once JavaScript has let go of the value.
        let status = unsafe { sys::napi_create_external(env, address, Some(forget), ptr::null_mut(), &mut value) };
        check_status!(status)?;
        Ok(value)
    }
}

unsafe extern "C" fn forget(_env: sys::napi_env, address: *mut c_void, _hint: *mut c_void) {
    // Dropped outside of the borrow: its drop calls back into Node-API.
    let forgotten = KERNELS.with_borrow_mut(|kernels| {
        let at = kernels.iter().position(|kernel| Rc::as_ptr(kernel).cast() == address.cast_const())?;
        Some(kernels.swap_remove(at))
    });
    drop(forgotten);
}

impl TypeName for Handle {
    fn type_name() -> &'static str {
        "NativeKernel"
    }

    fn value_type() -> ValueType {
        ValueType::External
    }
}

impl ValidateNapiValue for Handle {}

impl FromNapiValue for Handle {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let mut address = ptr::null_mut();
        // SAFETY: Node-API refuses what is no external; the address is only compared.
        check_status!(unsafe { sys::napi_get_value_external(env, value, &mut address) })?;
        KERNELS
            .with_borrow(|kernels| {
                kernels.iter().find(|kernel| Rc::as_ptr(kernel).cast() == address.cast_const()).cloned()
            })
            .map(Handle)
            .ok_or_else(|| napi::Error::new(Status::InvalidArg, "this is no native kernel of this thread"))
    }
}
