using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Authorization;
using Cluster.ApiServer.Authorization.Nodes;
using Cluster.ApiServer.Tests.Admission;

namespace Cluster.ApiServer.Tests.Authorization;

public sealed class NodeAuthorizerTests
{
    private static readonly UserIdentity Mine = new("system:node:mine", "", ["system:nodes"], new Dictionary<string, IReadOnlyList<string>>());

    [Theory]
    [InlineData("mine", true)]
    [InlineData("other", false)]
    [InlineData(null, true)]
    public async Task GetPod_ThatTheCacheDoesNotKnow_IsAskedOfTheStore(string? node, bool allowed)
    {
        var objects = new FakeObjects();
        if (node is not null)
            objects.Fresh.Add(new Pod { Metadata = new ObjectMeta { Name = "db-0", Namespace = "default" }, Spec = new PodSpec { NodeName = node } });
        var authorizer = new NodeAuthorizer(new NodeReferences(), objects);

        var answer = await authorizer.AuthorizeAsync(
            new AuthorizationRequest { User = Mine, Verb = "get", Resource = "pods", Namespace = "default", Name = "db-0" }, TestContext.Current.CancellationToken);

        Assert.Equal(allowed, answer.Allowed);
        Assert.Equal(1, objects.FreshReads);
    }
}
