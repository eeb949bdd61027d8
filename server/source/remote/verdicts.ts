/**
 * What an error of the storage applies to.
 *
 * - `absent`: there is no such object.
 * - `object`: an object that exists and is refused. Other photographs are not affected.
 * - `moved`: an object that is at another address; no redirect is followed.
 * - `range`: the object is shorter than the requested range.
 * - `setup`: the server's access to the storage: credentials, clock, bucket, address.
 * - `busy`, `timeout`, `failed`: the whole storage, for now. Only these are retried and count for the breaker.
 */
export type Fault = "absent" | "object" | "moved" | "range" | "setup" | "busy" | "timeout" | "failed";

/** What a code or a status means. */
export interface EntryClass {
  readonly fault: Fault;
  /** It may also apply to the whole source: another photograph decides (confirm-absence.ts). */
  readonly unsure?: true;
  /** Why it is so, as a clause for the operator; only for codes. */
  readonly reason?: string;
  /** For an `object`: the fault and the remedy, as public text. */
  readonly words?: string;
}

// --- S3 codes ---

const ENCRYPTED =
  "The storage cannot give it out as it is stored, most often because it is encrypted with a key of its owner's (SSE-C): upload it again without.";
export const KMS =
  "It is encrypted with a KMS key that the storage does not use for this server: enable the key and let the server decrypt with it, or upload the photograph again without.";

/**
 * Every code that Amazon S3, Ceph RGW or MinIO documents and that a read of an object or a list of keys may be answered
 * with (AWS: API reference, "List of error codes"; RGW: rgw_common.cc; MinIO: api-errors.go).
 *
 * Not here: codes for writes and for calls about buckets and accounts. If a read gets one, its status decides:
 * AccessControlListNotSupported, AmbiguousGrantByEmailAddress, BadDigest, Bucket… (AlreadyExists, AlreadyOwnedByYou,
 * HasAccessPointsAttached, NotEmpty), ClientTokenConflict, CrossLocationLoggingProhibited, EntityTooLarge, EntityTooSmall,
 * IllegalVersioningConfigurationException, IncorrectNumberOfFilesInPostRequest, InlineDataTooLarge, Invalid… (Attribute-
 * Value, BucketAclWithObjectOwnership, BucketOwnerAWSAccountID, Capability, Digest, KeyType, LocationConstraint, Part,
 * PartOrder, PolicyDocument, RedirectLocation, RetentionPeriod, SessionException, SOAPRequest, StorageClass, Tag, Target-
 * BucketForLogging), KeyExists, LimitExceeded, Malformed… (ACLError, Policy, POSTRequest, XML), MaxMessageLengthExceeded,
 * MaxPostPreDataLengthExceededError, MetadataTooLarge, Missing… (Attachment, ContentLength, RequestBodyError), NoSuch…
 * (AsyncRequest, BucketPolicy, CORSConfiguration, Entity, LifecycleConfiguration, ObjectLockConfiguration, TagSet, Upload,
 * User, WebsiteConfiguration), NoLoggingStatusForKey, ObjectLockConfigurationNotFoundError, OwnershipControlsNotFoundError,
 * PreconditionFailed, QuotaExceeded, ReplicationConfigurationNotFoundError, RequestIsNotMultiPartContent, RequestTorrentOf-
 * BucketError, ServerSideEncryptionConfigurationNotFoundError, TokenCodeInvalidError, TooMany… (AccessPoints, Buckets,
 * MultiRegionAccessPoints), UnexpectedContent, UnprocessableEntity, UnresolvableGrantByEmailAddress, UserKeyMustBeSpecified,
 * and those of Select, Outposts, Storage Lens, Object Lambda, Access Grants and Tables.
 */
const rows: readonly (EntryClass & { readonly reason: string; readonly codes: string })[] = [
  {
    fault: "absent",
    reason: "there is no such object",
    codes: "NoSuchKey NotFound NoSuchVersion",
  },
  {
    fault: "absent",
    reason: "no object can have such a key",
    codes: "KeyTooLongError KeyTooLong InvalidObjectName InvalidURI XMinioInvalidObjectName",
  },
  {
    fault: "absent",
    unsure: true,
    reason: "S3 says so of a missing key where the server may not list the bucket",
    codes: "AccessDenied AccessForbidden Forbidden",
  },
  {
    fault: "object",
    reason: "a lifecycle rule has archived it, or moved it to another cloud",
    words:
      "It is archived{class}: restore it in the bucket, or upload it again in a storage class that is read at once.",
    codes: "InvalidObjectState RestoreAlreadyInProgress",
  },
  {
    fault: "object",
    unsure: true,
    reason:
      "S3 and RGW say so of an object with a customer's key (SSE-C), and of requests that they do not take",
    words: ENCRYPTED,
    codes: "InvalidRequest InvalidArgument",
  },
  {
    fault: "object",
    reason: "it is encrypted, and the read does not say how",
    words: ENCRYPTED,
    codes: "InvalidEncryptionAlgorithmError InvalidEncryptionMethod InvalidEncryptionParameters",
  },
  {
    fault: "object",
    reason: "the key that it is encrypted with is disabled, deleted or not for this server",
    words: KMS,
    codes:
      "KMS.DisabledException KMS.InvalidKeyUsageException KMS.KMSInvalidStateException KMS.NotFoundException KMS.AccessDeniedException XMinioKMSNotConfigured XMinioKMSDefaultKeyAlreadyConfigured",
  },
  {
    fault: "object",
    reason: "access to this one object is shut off",
    words: "The storage has blocked access to it: ask the storage's operator, or upload it again.",
    codes: "InvalidPayer Locked ObjectLocked XMinioObjectTampered",
  },
  {
    fault: "range",
    reason: "the object has become shorter since it was looked at",
    codes: "InvalidRange InvalidPartNumber",
  },
  {
    fault: "setup",
    reason: "the key pair or token is wrong, expired or of a suspended account",
    codes:
      "InvalidAccessKeyId SignatureDoesNotMatch InvalidSecurity InvalidToken InvalidTokenId InvalidSecretKey ExpiredToken ExpiredTokenException TokenRefreshRequired UnrecognizedClientException InvalidClientTokenId MissingSecurityHeader MissingSecurityElement MissingAuthenticationToken MissingAuthenticationTokenException CredentialsNotSupported NotSignedUp AccountProblem UserSuspended UnauthorizedAccess UnauthorizedAccessError UnsupportedSignature InvalidSignature AuthorizationQueryParametersError XAmzContentSHA256Mismatch XMinioReverseProxyUnauthorized",
  },
  {
    fault: "setup",
    reason: "the SDK, which runs here, finds no credentials or no endpoint",
    codes: "CredentialsProviderError TokenProviderError ProviderError EndpointError",
  },
  {
    fault: "setup",
    reason: "the clocks differ by more than 15 minutes",
    codes: "RequestTimeTooSkewed RequestExpired",
  },
  {
    fault: "setup",
    reason: "there is no such bucket, or it is closed",
    codes:
      "NoSuchBucket InvalidBucketName InvalidBucketState AllAccessDisabled NoSuchAccessPoint InvalidAccessPoint InvalidAccessPointAliasError NoSuchMultiRegionAccessPoint NoSuchTenant",
  },
  {
    fault: "setup",
    reason: "the bucket is in another region or at another address, AWS_REGION or S3_ENDPOINT are wrong",
    codes:
      "PermanentRedirect PermanentRedirectControlError TemporaryRedirect Redirect AuthorizationHeaderMalformed IllegalLocationConstraintException IncorrectEndpoint EndpointNotFound InvalidHostHeader InvalidRegion InvalidAddressingHeader UnexpectedIPError DeviceNotActiveError NotDeviceOwnerError",
  },
  {
    fault: "setup",
    reason: "what answers does not know such a call",
    codes:
      "NotImplemented MethodNotAllowed InvalidHttpMethod UnsupportedArgument RequestHeaderSectionTooLarge",
  },
  {
    fault: "busy",
    reason: "the storage sheds load, or its key service does",
    codes:
      "SlowDown SlowDownRead SlowDownWrite ServiceUnavailable Busy RequestLimitExceeded Throttling ThrottlingException ThrottledException RequestThrottled RequestThrottledException TooManyRequests TooManyRequestsException BandwidthLimitExceeded KMS.ThrottlingException OperationAborted ConditionalRequestConflict XMinioServerNotInitialized",
  },
  {
    fault: "timeout",
    reason: "the storage or the way to it is too slow",
    codes: "RequestTimeout RequestTimeoutException TimeoutError",
  },
  {
    fault: "failed",
    reason: "the storage has a fault of its own",
    codes:
      "InternalError InternalFailure InternalServerError IncompleteBody ResponseInterrupted ConnectionClosedByRequester XMinioBackendDown",
  },
];

/** The meaning of a code; if undefined, the status decides. */
export const byCode: ReadonlyMap<string, EntryClass> = new Map(
  rows.flatMap((row) => row.codes.split(" ").map((code) => [code, row] as const)),
);

// --- HTTP statuses ---

/** The meaning of a status from an HTTP source, or from S3 without a known code. */
export const byStatus: ReadonlyMap<number | undefined, EntryClass> = new Map<number, EntryClass>([
  [
    401,
    { fault: "setup", unsure: true, words: "The storage asks for a login to read it: make it public there." },
  ],
  // RGW and S3 answer this for a missing key in a public bucket that may not be listed.
  [403, { fault: "absent", unsure: true }],
  [404, { fault: "absent" }],
  [407, { fault: "setup" }],
  [408, { fault: "timeout" }],
  [410, { fault: "absent" }],
  [416, { fault: "range" }],
  [421, { fault: "setup" }],
  [425, { fault: "busy" }],
  [429, { fault: "busy" }],
  [451, { fault: "object", words: "The storage withholds it for legal reasons." }],
  [501, { fault: "setup" }],
  [503, { fault: "busy" }],
  [504, { fault: "timeout" }],
  [505, { fault: "setup" }],
  [509, { fault: "busy" }],
  [511, { fault: "setup" }],
  [529, { fault: "busy" }],
]);
