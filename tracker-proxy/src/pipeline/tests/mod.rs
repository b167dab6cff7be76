mod crash;
mod definitions;
mod handover;
mod identity;
mod loops;
mod outbound;
mod overlap;
mod rig;
