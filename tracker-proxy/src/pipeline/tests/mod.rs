mod crash;
mod definitions;
mod identity;
mod loops;
mod outbound;
mod rig;
