using Cluster.Api;

namespace Cluster.Api.NetworkingV1;

public sealed partial class Ingress : IApiObject;

public sealed partial class IngressClass : IApiObject;

public sealed partial class NetworkPolicy : IApiObject;

public sealed partial class IngressClassList : IApiList<IngressClass>;

public sealed partial class IngressList : IApiList<Ingress>;

public sealed partial class NetworkPolicyList : IApiList<NetworkPolicy>;
