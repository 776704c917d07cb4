using Cluster.Api;

namespace Cluster.Api.AuthorizationV1;

public sealed partial class LocalSubjectAccessReview : IApiObject;

public sealed partial class SelfSubjectAccessReview : IApiObject;

public sealed partial class SelfSubjectRulesReview : IApiObject;

public sealed partial class SubjectAccessReview : IApiObject;
