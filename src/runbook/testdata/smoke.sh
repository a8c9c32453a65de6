curl --fail "$url"
