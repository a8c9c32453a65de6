//! Ids that look random and follow from the seed.

use sha2::{Digest, Sha256};

/// The letters that Kubernetes uses in generated names.
const KUBE: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A generator for one purpose: the same seed and words give the same sequence.
pub fn random(seed: u64, words: &[&str]) -> fastrand::Rng {
    let mut hasher = Sha256::new();
    hasher.update(seed.to_be_bytes());
    for word in words {
        hasher.update(word.as_bytes());
        hasher.update([0]);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    fastrand::Rng::with_seed(u64::from_be_bytes(first))
}

/// So many hexadecimal digits.
pub fn hex(random: &mut fastrand::Rng, digits: usize) -> String {
    (0..digits).map(|_| random.digit(16)).collect()
}

/// So many letters of a pod's or replica set's generated name.
pub fn kube(random: &mut fastrand::Rng, letters: usize) -> String {
    (0..letters).map(|_| char::from(KUBE[random.usize(0..KUBE.len())])).collect()
}

/// A UUID of version 7: its time first.
pub fn uuid(random: &mut fastrand::Rng, unix_millis: i64) -> String {
    let time = (unix_millis.max(0) as u64) & 0xffff_ffff_ffff;
    let (a, b) = (random.u64(..) & 0xfff, random.u64(..));
    format!(
        "{:08x}-{:04x}-7{a:03x}-{:04x}-{:012x}",
        time >> 16,
        time & 0xffff,
        0x8000 | ((b >> 48) & 0x3fff),
        b & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_forms() {
        let mut random = random(1, &["a"]);
        assert_eq!(hex(&mut random, 64).len(), 64);
        assert!(kube(&mut random, 10).bytes().all(|b| KUBE.contains(&b)));
        let uuid = uuid(&mut random, 1_763_971_331_000);
        assert_eq!(uuid.len(), 36);
        assert!(uuid.starts_with("019ab4e2-73b8-7"), "{uuid}");
        assert_eq!(uuid.as_bytes()[14], b'7');
    }
}
