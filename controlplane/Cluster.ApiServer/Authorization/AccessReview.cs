using Cluster.Api;
using Cluster.Api.AuthorizationV1;
using Cluster.Api.Validation;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Authorization;

/// <summary>Whether somebody may do something: SubjectAccessReview, for one namespace LocalSubjectAccessReview, of the caller SelfSubjectAccessReview.</summary>
internal sealed class AccessReview(string plural, IAuthorizer authorizer) : IPostedKind
{
    private const string Group = "authorization.k8s.io";

    public string Target => $"{plural}.{Group}";

    /// <inheritdoc/>
    public async ValueTask<EncodedMessage> PostAsync(RequestScope scope, IApiObject obj, CancellationToken cancellationToken)
    {
        var (user, resource, path) = Read(scope, obj);
        if (Check(scope, obj, user, resource, path) is { Count: > 0 } errors)
            throw StatusErrors.Invalid(Group, obj.Descriptor.Name, "", errors);

        var decision = await authorizer.AuthorizeAsync(Question(user, resource, path), cancellationToken);
        Answer(obj, new SubjectAccessReviewStatus { Allowed = decision.Allowed, Reason = decision.Reason });
        return new EncodedMessage(obj, $"{Group}/v1", obj.Descriptor.Name);
    }

    private static (UserIdentity User, ResourceAttributes? Resource, NonResourceAttributes? Path) Read(RequestScope scope, IApiObject obj) => obj switch
    {
        SelfSubjectAccessReview self => (scope.User, self.Spec?.ResourceAttributes, self.Spec?.NonResourceAttributes),
        SubjectAccessReview review => (UserOf(review.Spec), review.Spec?.ResourceAttributes, review.Spec?.NonResourceAttributes),
        LocalSubjectAccessReview local => (UserOf(local.Spec), local.Spec?.ResourceAttributes, local.Spec?.NonResourceAttributes),
        _ => throw StatusErrors.BadRequest($"not a review of access: {obj.Descriptor.Name}"),
    };

    private static UserIdentity UserOf(SubjectAccessReviewSpec? spec) => new(
        spec?.User ?? "", spec?.Uid ?? "", [.. spec?.Groups ?? []],
        (spec?.Extra ?? []).ToDictionary(entry => entry.Key, entry => (IReadOnlyList<string>)[.. entry.Value.Items]));

    private static List<FieldError> Check(
        RequestScope scope, IApiObject obj, UserIdentity user, ResourceAttributes? resource, NonResourceAttributes? path)
    {
        List<FieldError> errors = [];
        if (resource is not null && path is not null)
            errors.Add(FieldError.Invalid("spec.nonResourceAttributes", path, "cannot be specified in combination with resourceAttributes"));
        if (resource is null && path is null)
        {
            errors.Add(FieldError.Invalid(
                "spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified"));
        }

        if (obj is not SelfSubjectAccessReview && user is { Name: "", Groups.Count: 0 })
            errors.Add(FieldError.Invalid("spec.user", "", "at least one of user or group must be specified"));
        if (obj is LocalSubjectAccessReview)
            CheckLocal(scope.Namespace!, resource, path, errors);
        return errors;
    }

    private static void CheckLocal(string ns, ResourceAttributes? resource, NonResourceAttributes? path, List<FieldError> errors)
    {
        if (resource is not null && resource.Namespace != ns)
        {
            errors.Add(FieldError.Invalid(
                "spec.resourceAttributes.namespace", resource.Namespace, "must match metadata.namespace"));
        }

        if (path is not null)
            errors.Add(FieldError.Invalid("spec.nonResourceAttributes", path, "disallowed on this kind of request"));
    }

    private static AuthorizationRequest Question(UserIdentity user, ResourceAttributes? resource, NonResourceAttributes? path) => new()
    {
        User = user,
        Verb = resource?.Verb ?? path!.Verb,
        Group = resource?.Group ?? "",
        Resource = resource?.Resource ?? "",
        Subresource = resource?.Subresource ?? "",
        Namespace = resource?.Namespace ?? "",
        Name = resource?.Name ?? "",
        Path = path?.Path ?? "",
    };

    private static void Answer(IApiObject obj, SubjectAccessReviewStatus status)
    {
        switch (obj)
        {
            case SelfSubjectAccessReview self: self.Status = status; break;
            case SubjectAccessReview review: review.Status = status; break;
            case LocalSubjectAccessReview local: local.Status = status; break;
        }
    }
}
