//! What people feel, as it is shown.

use hub_community::Reaction;

pub(crate) const FACES: [(Reaction, &str); 12] = [
    (Reaction::ThumbsUp, "👍"),
    (Reaction::Heart, "❤️"),
    (Reaction::Hugs, "🤗"),
    (Reaction::Fire, "🔥"),
    (Reaction::Rocket, "🚀"),
    (Reaction::Eyes, "👀"),
    (Reaction::Cool, "😎"),
    (Reaction::Plus, "➕"),
    (Reaction::Brain, "🧠"),
    (Reaction::Handshake, "🤝"),
    (Reaction::Sad, "😔"),
    (Reaction::Mindblown, "🤯"),
];

/// The picture of a reaction.
pub(crate) fn face(reaction: Reaction) -> &'static str {
    FACES.iter().find(|(known, _)| *known == reaction).map_or("", |(_, face)| face)
}
