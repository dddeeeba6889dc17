//! The rehearsal against the embedded AWS: whole, killed and interrupted at every call, and on the real binary. Whatever happens,
//! nothing may be left that costs money.

#[cfg(unix)]
mod binary;
mod cleaning;
mod differences;
mod faults;
mod killed;
mod way;
mod whole;
mod world;
