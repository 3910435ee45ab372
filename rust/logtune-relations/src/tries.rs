//! The twin of `tries.sql`: the delivery attempts of mails, as numbers.

use crate::message_lines::Messages;
use crate::numbers::{NONE, Place};
use crate::read::Source;
use crate::texts::{Lowered, NO_TEXT, Texts};
use arrow_schema::ArrowError;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum Ending {
    #[default]
    Other,
    Sent,
    /// By discard(8).
    Discarded,
    Bounced,
    Expired,
}

/// A delivery attempt of a message.
pub struct Try {
    pub position: i64,
    pub ts: i64,
    /// The address after aliases, and the one before.
    pub target: Lowered,
    pub given: Lowered,
    /// Places of messages.
    pub message: Place,
    pub successor: Place,
    pub ending: Ending,
}

/// Rows of the table deliveries.
pub fn deliveries(
    source: &Source<'_>,
    tries: &mut Vec<Try>,
    messages: &mut Messages,
    texts: &mut Texts,
) -> Result<(), ArrowError> {
    let (ids, positions) = (source.ids("message")?, source.ids("position")?);
    let (successors, times) = (source.ids("successor")?, source.times("ts")?);
    let (recipients, originals) = (source.strings("recipient")?, source.strings("orig_recipient")?);
    let discards = source.words("daemon", |daemon| daemon == "discard")?;
    let endings = source.words("status", |status| match status {
        "sent" => Ending::Sent,
        "bounced" => Ending::Bounced,
        "expired" => Ending::Expired,
        _ => Ending::Other,
    })?;
    for row in source.rows() {
        let ts = times.get(row);
        let (message, successor) = (messages.place(ids.get(row)), messages.place(successors.get(row)));
        messages.sent(message, successor, ts);
        if ids.get(row) == NONE {
            continue;
        }
        let target = texts.lowered(recipients.get(row));
        let original = texts.lowered(originals.get(row));
        let ending = match endings.get(row) {
            Ending::Sent if discards.get(row) => Ending::Discarded,
            ending => ending,
        };
        let given = if original == NO_TEXT { target } else { original };
        tries.push(Try { position: positions.get(row), ts, target, given, message, successor, ending });
    }
    Ok(())
}
