using Cluster.Api;

namespace Cluster.Api.AuthenticationV1;

public sealed partial class SelfSubjectReview : IApiObject;

public sealed partial class TokenRequest : IApiObject;

public sealed partial class TokenReview : IApiObject;
