/** What is wrong with a TLS connection, and the remedy. @param code of Node's or OpenSSL's error. */
export function tlsFault(code: string): string | undefined {
  return rows.find(({ codes }) => codes.test(code))?.words;
}

const rows: readonly { readonly codes: RegExp; readonly words: string }[] = [
  {
    codes:
      /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(?:_LOCALLY)?)|CERT_UNTRUSTED)$/,
    words:
      "its TLS certificate comes from an authority that this machine does not know: name the authority's certificate (PEM) in NODE_EXTRA_CA_CERTS",
  },
  {
    codes: /^(?:CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/,
    words: "its TLS certificate is not valid at this time: renew it, or correct this machine's clock",
  },
  {
    codes: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    words: "its TLS certificate is for another host name: use that name in the address",
  },
  {
    codes: /^(?:EPROTO|ERR_SSL_\w+)$/,
    words:
      "it does not speak TLS at this address: write http:// instead of https://, or the port that has TLS",
  },
];
