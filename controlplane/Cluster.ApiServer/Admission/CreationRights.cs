using Cluster.ApiServer.Authorization;

namespace Cluster.ApiServer.Admission;

/// <summary>Who updates or applies what is not there creates it, and needs the right to.</summary>
internal sealed class CreationRights(RequestAuthorizer authorizer) : IAdmissionPlugin
{
    public string Name => "CreationRights";

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var scope = request.Scope;
        // A create of its own names nothing before the server has taken the name from the object.
        if (request.Operation != AdmissionOperation.Create || scope.Name is null)
            return ValueTask.CompletedTask;
        return authorizer.AuthorizeAsync(
            new AuthorizationRequest
            {
                User = scope.User,
                Verb = "create",
                Group = scope.Resource.Group,
                Resource = scope.Resource.Plural,
                Subresource = scope.Subresource ?? "",
                Namespace = scope.Namespace ?? "",
                Name = scope.Name,
            },
            cancellationToken);
    }
}
