using Cluster.Api;

namespace Cluster.Api.NodeV1;

public sealed partial class RuntimeClass : IApiObject;

public sealed partial class RuntimeClassList : IApiList<RuntimeClass>;
