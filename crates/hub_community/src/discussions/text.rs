//! What people write, within its bounds.

use crate::CommunityError;

/// The bounds of a title in characters.
const TITLE_MIN: usize = 3;
const TITLE_MAX: usize = 200;
/// The most characters of a comment.
const COMMENT_MAX: usize = 65_536;

/// A title without white space around it.
pub(super) fn title(text: &str) -> Result<String, CommunityError> {
    let title = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = title.chars().count();
    if !(TITLE_MIN..=TITLE_MAX).contains(&length) || title.chars().any(char::is_control) {
        return Err(CommunityError::BadRequest(format!(
            "a title has {TITLE_MIN} to {TITLE_MAX} characters, this one has {length}"
        )));
    }
    Ok(title)
}

/// A comment, which must not be empty.
pub(crate) fn comment(text: &str) -> Result<String, CommunityError> {
    let text = description(text)?;
    if text.trim().is_empty() {
        return Err(CommunityError::BadRequest("the comment is empty: write something".to_owned()));
    }
    Ok(text)
}

/// The opening comment, which may be empty.
pub(crate) fn description(text: &str) -> Result<String, CommunityError> {
    if text.contains('\0') {
        return Err(CommunityError::BadRequest("a comment may hold no NUL character".to_owned()));
    }
    // Bytes are at least characters, so most texts need no counting.
    if text.len() > COMMENT_MAX && text.chars().count() > COMMENT_MAX {
        return Err(CommunityError::BadRequest(format!("a comment has at most {COMMENT_MAX} characters: shorten it")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_and_comments_have_bounds() {
        assert_eq!(title("  Fix \n the  card ").unwrap(), "Fix the card");
        for bad in ["", "  ab ", &"x".repeat(201), "a\0bc"] {
            assert!(title(bad).is_err(), "{bad:?}");
        }
        assert!(comment(" \n").is_err() && comment("a\0").is_err());
        assert!(comment(&"é".repeat(COMMENT_MAX)).is_ok() && comment(&"é".repeat(COMMENT_MAX + 1)).is_err());
        assert_eq!(description("").unwrap(), "");
    }
}
