//! Pieces that several pages are made of.

mod account_menu;
mod figure;
mod form;
mod frame;
mod gate;
mod health;
mod icon;
mod list;
mod live;
mod notice;
mod size_bar;
mod title;

pub(crate) use figure::{Bytes, Count, Dash, Moment, TableName};
pub(crate) use form::{
    DoneNotices, FormError, NewPassword, OwnPassword, Question, RoleChoice, Withheld, emptied_when,
};
pub(crate) use frame::{ConsoleFrame, DatabaseFrame, LostFrame, database_parameter};
pub(crate) use gate::Gate;
pub(crate) use health::HealthPill;
pub(crate) use icon::{Icon, Symbol};
pub(crate) use list::{ColumnHead, FilterBar, Pager};
pub(crate) use live::{LiveAge, Refresher};
pub(crate) use notice::{LoadFailed, Notice, ProblemNotice, Tone};
pub(crate) use size_bar::{SizeBar, SizeLegend};
pub(crate) use title::PageTitle;
