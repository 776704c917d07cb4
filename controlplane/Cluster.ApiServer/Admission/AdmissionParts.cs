using Cluster.ApiServer.Admission.Webhooks;
using Cluster.ApiServer.Authorization;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;

namespace Cluster.ApiServer.Admission;

/// <summary>What the server's own admission plug-ins are made of.</summary>
internal sealed record AdmissionParts(IObjectReader Objects, IStore Store, AuthorizationParts Access, WebhookDispatcher Webhooks, TimeProvider Time)
{
    public IAuthorizer Authorizer => Access.Authorizer(Objects);
}
