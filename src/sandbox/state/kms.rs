//! The simulated KMS's keys, and an encryption that really comes back.
//!
//! Not cryptography for use: the key material follows from the world's seed. But it is bound to a key that exists in
//! this world, it hides the text, and a changed cipher text is refused, as with the real one.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::sandbox::world::clock::Millis;

/// Where a KMS instance keeps its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Store {
    /// The SQLite instance's own file.
    Sqlite,
    /// The PostgreSQL database that the two others share.
    Postgres,
}

/// An elastic key: a name and a list of material keys, the newest last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ElasticKey {
    /// Its id, a UUID.
    pub id: String,
    /// Where it is kept.
    pub store: Store,
    /// Name as given at creation.
    pub name: String,
    /// Description as given at creation.
    pub description: String,
    /// Algorithm, such as `A256GCM/A256KW`.
    pub algorithm: String,
    /// Whether more than one material key may be made.
    pub versioning: bool,
    /// World time of its creation.
    pub created: Millis,
    /// Ids of its material keys with the world time of their making, the newest last.
    pub materials: Vec<(String, Millis)>,
}

/// All keys, by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keys {
    keys: BTreeMap<String, ElasticKey>,
}

/// Why a cipher text was not decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not five parts, or not base64url.
    Malformed,
    /// Its key id is not one of this elastic key's.
    UnknownKey,
    /// The tag does not match.
    Tampered,
}

impl Keys {
    /// Adds a key.
    pub fn add(&mut self, key: ElasticKey) {
        self.keys.insert(key.id.clone(), key);
    }

    /// Adds a material key to an elastic key, when that exists.
    pub fn add_material(&mut self, id: &str, material: &str, at: Millis) {
        if let Some(key) = self.keys.get_mut(id) {
            key.materials.push((material.to_owned(), at));
        }
    }

    /// Forgets the keys of a store, as removing its volume does.
    pub fn forget(&mut self, store: Store) {
        self.keys.retain(|_, key| key.store != store);
    }

    /// A key of that store.
    pub fn get(&self, store: Store, id: &str) -> Option<&ElasticKey> {
        self.keys.get(id).filter(|key| key.store == store)
    }

    /// The keys of a store, in order of their ids.
    pub fn of(&self, store: Store) -> impl Iterator<Item = &ElasticKey> {
        self.keys.values().filter(move |key| key.store == store)
    }

    /// How many keys there are in all.
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// How many material keys there are in all.
    pub fn materials(&self) -> usize {
        self.keys.values().map(|key| key.materials.len()).sum()
    }
}

impl ElasticKey {
    /// The newest material key's id.
    pub fn current(&self) -> Option<&str> {
        self.materials.last().map(|(id, _)| id.as_str())
    }

    /// Encrypts to a JWE in compact form; `nonce` must differ from call to call. No material key, no cipher text.
    pub fn encrypt(&self, seed: u64, nonce: u64, clear: &[u8]) -> Option<String> {
        let kid = self.current()?;
        let (enc, alg) = self.algorithm.split_once('/').unwrap_or((&self.algorithm, "dir"));
        let header = format!(r#"{{"alg":"{alg}","enc":"{enc}","kid":"{kid}"}}"#);
        let secret = secret(seed, kid);
        let iv = &hash(&[b"iv", &secret, &nonce.to_be_bytes()])[..12];
        let wrapped = [hash(&[b"cek", &secret, iv]).to_vec(), hash(&[b"wrap", &secret, iv])[..8].to_vec()].concat();
        let header = URL_SAFE_NO_PAD.encode(header);
        let cipher = mask(&secret, iv, clear);
        let tag = tag(&secret, &header, iv, &cipher);
        Some(format!(
            "{header}.{}.{}.{}.{}",
            URL_SAFE_NO_PAD.encode(wrapped),
            URL_SAFE_NO_PAD.encode(iv),
            URL_SAFE_NO_PAD.encode(&cipher),
            URL_SAFE_NO_PAD.encode(tag)
        ))
    }

    /// Decrypts what [`Self::encrypt`] of this key made, with whichever of its material keys.
    ///
    /// # Errors
    /// Why not.
    pub fn decrypt(&self, seed: u64, jwe: &str) -> Result<Vec<u8>, Refused> {
        let parts: Vec<&str> = jwe.trim().split('.').collect();
        let &[header, _, iv, cipher, given] = parts.as_slice() else { return Err(Refused::Malformed) };
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Malformed);
        let (iv, cipher, given) = (decode(iv)?, decode(cipher)?, decode(given)?);
        let fields: BTreeMap<String, String> =
            serde_json::from_slice(&decode(header)?).map_err(|_| Refused::Malformed)?;
        let kid = fields.get("kid").ok_or(Refused::Malformed)?;
        if !self.materials.iter().any(|(id, _)| id == kid) {
            return Err(Refused::UnknownKey);
        }
        let secret = secret(seed, kid);
        if tag(&secret, header, &iv, &cipher) != given.as_slice() {
            return Err(Refused::Tampered);
        }
        Ok(mask(&secret, &iv, &cipher))
    }
}

fn secret(seed: u64, kid: &str) -> [u8; 32] {
    hash(&[b"key", &seed.to_be_bytes(), kid.as_bytes()])
}

fn tag(secret: &[u8], header: &str, iv: &[u8], cipher: &[u8]) -> [u8; 16] {
    let full = hash(&[b"tag", secret, header.as_bytes(), iv, cipher]);
    let mut tag = [0; 16];
    tag.copy_from_slice(&full[..16]);
    tag
}

fn mask(secret: &[u8], iv: &[u8], text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (n, block) in text.chunks(32).enumerate() {
        let stream = hash(&[b"stream", secret, iv, &(n as u64).to_be_bytes()]);
        out.extend(block.iter().zip(stream).map(|(a, b)| a ^ b));
    }
    out
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, materials: &[&str]) -> ElasticKey {
        ElasticKey {
            id: id.into(),
            store: Store::Postgres,
            name: "fd-smoke".into(),
            description: String::new(),
            algorithm: "A256GCM/A256KW".into(),
            versioning: true,
            created: 0,
            materials: materials.iter().map(|m| ((*m).to_owned(), 0)).collect(),
        }
    }

    #[test]
    fn what_was_encrypted_comes_back_also_after_a_new_material_key() {
        let mut key = key("a", &["m1"]);
        let text = "a clear text that is longer than one block of the stream: é";
        let jwe = key.encrypt(7, 1, text.as_bytes()).unwrap();
        assert_eq!(jwe.split('.').count(), 5);
        assert_ne!(jwe, key.encrypt(7, 2, text.as_bytes()).unwrap(), "each call its own iv");
        key.materials.push(("m2".into(), 5));
        assert_eq!(key.decrypt(7, &jwe).unwrap(), text.as_bytes());
    }

    #[test]
    fn other_keys_other_worlds_and_changed_texts_are_refused() {
        let key_a = key("a", &["m1"]);
        let jwe = key_a.encrypt(7, 1, b"text").unwrap();
        assert_eq!(key("b", &["m9"]).decrypt(7, &jwe), Err(Refused::UnknownKey));
        assert_eq!(key_a.decrypt(8, &jwe), Err(Refused::Tampered));
        let mut parts: Vec<&str> = jwe.split('.').collect();
        parts[3] = "AAAAAA";
        assert_eq!(key_a.decrypt(7, &parts.join(".")), Err(Refused::Tampered));
        assert_eq!(key_a.decrypt(7, "no jwe"), Err(Refused::Malformed));
        assert_eq!(key("a", &[]).encrypt(7, 1, b"text"), None);
    }

    #[test]
    fn removing_a_volume_forgets_its_keys_only() {
        let mut keys = Keys::default();
        keys.add(key("a", &["m1"]));
        keys.add(ElasticKey { store: Store::Sqlite, ..key("b", &["m2"]) });
        keys.forget(Store::Postgres);
        assert!(keys.get(Store::Postgres, "a").is_none());
        assert_eq!(keys.of(Store::Sqlite).count(), 1);
    }
}
