using Cluster.Api;

namespace Cluster.Api.Runtime
{
    public sealed partial class RawExtension : IRawJson;
}

namespace Cluster.Api.MetaV1
{
    public sealed partial class FieldsV1 : IRawJson;

    public sealed partial class Verbs : IStringList;
}

namespace Cluster.Api.AuthenticationV1
{
    public sealed partial class ExtraValue : IStringList;
}

namespace Cluster.Api.AuthorizationV1
{
    public sealed partial class ExtraValue : IStringList;
}

namespace Cluster.Api.CertificatesV1
{
    public sealed partial class ExtraValue : IStringList;
}

namespace Cluster.Api.ApiExtensionsV1
{
    public sealed partial class JSON : IRawJson;
}
