using Cluster.Api;

namespace Cluster.Api.CertificatesV1;

public sealed partial class CertificateSigningRequest : IApiObject;

public sealed partial class CertificateSigningRequestList : IApiList<CertificateSigningRequest>;
