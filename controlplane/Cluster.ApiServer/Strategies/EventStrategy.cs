using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Validation;
using Cluster.ApiServer.Registry;

namespace Cluster.ApiServer.Strategies;

/// <summary>Events, which are held to more where they are written as those of events.k8s.io.</summary>
internal sealed class EventStrategy(ResourceType type) : ResourceStrategy(type)
{
    public override List<FieldError> ValidateCreate(RequestScope scope, IApiObject obj) =>
        IsStrict(scope) ? Validator.ValidateStrictCreate((Event)obj) : base.ValidateCreate(scope, obj);

    public override List<FieldError> ValidateUpdate(RequestScope scope, IApiObject obj, IApiObject old) =>
        IsStrict(scope) ? Validator.ValidateStrictUpdate((Event)obj, (Event)old) : base.ValidateUpdate(scope, obj, old);

    private static bool IsStrict(RequestScope scope) => scope.Version is { Group: "events.k8s.io" };
}
