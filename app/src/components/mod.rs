//! Pieces that several pages are made of.

mod account_menu;
mod choice;
mod chunk_list;
mod crumbs;
mod export_links;
mod figure;
mod form;
mod fragment;
mod frame;
mod gate;
mod health;
mod icon;
mod keys;
mod light;
mod list;
mod live;
mod minutes;
mod newer;
mod notice;
mod psql;
mod reading;
mod runs;
mod search_field;
mod size_bar;
mod table_charts;
mod title;
mod under_way;
mod when;

pub(crate) use choice::{Choice, ChoiceHead, Choices, Choosable, ChosenForm};
pub(crate) use chunk_list::ChunkList;
pub(crate) use export_links::ExportLinks;
pub(crate) use figure::{Bytes, Count, Dash, Moment, TableName};
pub(crate) use form::{
    DoneNotices, FormError, NewPassword, OwnPassword, Question, RoleChoice, Withheld, emptied_when,
};
pub(crate) use fragment::Fragment;
#[cfg(feature = "ssr")]
pub(crate) use fragment::markup;
pub(crate) use frame::{ConsoleFrame, DatabaseFrame, LostFrame, OwnFrame, database_parameter};
pub(crate) use gate::Gate;
pub(crate) use health::HealthPill;
pub(crate) use icon::{Icon, Symbol};
pub(crate) use light::LightPill;
#[cfg(feature = "ssr")]
pub(crate) use light::look;
pub(crate) use list::{ColumnHead, FilterBar, Pager};
pub(crate) use live::Refresher;
pub(crate) use minutes::minutes;
#[cfg(feature = "ssr")]
pub(crate) use notice::ProblemNotice;
pub(crate) use notice::{LoadFailed, Notice, Tone};
pub(crate) use psql::PsqlOf;
pub(crate) use reading::SourceNotices;
pub(crate) use runs::{RunsChart, range_query, runs_range};
pub(crate) use size_bar::{SizeBar, SizeLegend};
pub(crate) use table_charts::{ChunkCharts, IngestChart, SizeChart, StorageChart};
pub(crate) use title::PageTitle;
pub use under_way::DrawnProgress;
#[cfg(feature = "ssr")]
pub(crate) use under_way::progress;
pub(crate) use under_way::show_progress;
pub(crate) use when::{FactCard, FindingView, Told};
