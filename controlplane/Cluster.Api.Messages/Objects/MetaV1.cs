using Cluster.Api;

namespace Cluster.Api.MetaV1;

public sealed partial class PartialObjectMetadata : IApiObject;

public sealed partial class PartialObjectMetadataList : IApiList<PartialObjectMetadata>;
