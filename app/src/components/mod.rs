//! Pieces that several pages are made of.

mod account_menu;
mod figure;
mod frame;
mod health;
mod icon;
mod live;
mod notice;
mod size_bar;

pub(crate) use figure::{Bytes, Count, Dash, TableName};
pub(crate) use frame::{DatabaseFrame, Logo, database_parameter};
pub(crate) use health::HealthPill;
pub(crate) use icon::{Icon, Symbol};
pub(crate) use live::{LiveAge, Refresher};
pub(crate) use notice::{LoadFailed, Notice, ProblemNotice, Tone};
pub(crate) use size_bar::{SizeBar, SizeLegend};
