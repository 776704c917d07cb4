using Cluster.Api;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Authorization;

namespace Cluster.ApiServer.Tests.Authorization;

public sealed class ComponentAuthorizerTests
{
    private readonly RequestAuthorizer _authorizer = new(new ComponentAuthorizer());

    [Theory]
    [InlineData("admin", "system:masters")]
    [InlineData("system:kube-scheduler", "")]
    [InlineData("system:kube-controller-manager", "")]
    [InlineData("system:kube-proxy", "")]
    [InlineData("system:node:a", "system:nodes")]
    public async Task AuthorizeAsync_Component_MayDoEverything(string user, string group) =>
        await AskAsync(new UserIdentity(user, [group]), "delete", "pods", "default");

    [Theory]
    [InlineData("system:node:a", "dev")]
    [InlineData("jane", "system:nodes")]
    [InlineData("system:serviceaccount:default:default", "system:serviceaccounts")]
    public async Task AuthorizeAsync_AnyoneElse_IsForbiddenInKubernetesWords(string user, string group)
    {
        var failure = await Assert.ThrowsAsync<StatusException>(() => AskAsync(new UserIdentity(user, [group]), "list", "pods", "default"));

        Assert.Equal(403, failure.Code);
        Assert.Equal(
            $"pods is forbidden: User \"{user}\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"",
            failure.Message);
        Assert.Equal("pods", failure.Status.Details.Kind);
    }

    [Fact]
    public async Task AuthorizeAsync_NamedObjectOutsideNamespaces_SaysSo()
    {
        var request = new AuthorizationRequest
        {
            User = UserIdentity.Anonymous, Verb = "update", Group = "apps", Resource = "deployments", Subresource = "scale", Name = "web",
        };
        var failure = await Assert.ThrowsAsync<StatusException>(
            async () => await _authorizer.AuthorizeAsync(request, TestContext.Current.CancellationToken));

        Assert.Equal(
            "deployments.apps \"web\" is forbidden: User \"system:anonymous\" cannot update resource \"deployments/scale\" "
            + "in API group \"apps\" at the cluster scope",
            failure.Message);
    }

    [Fact]
    public async Task AuthorizeAsync_Anonymous_MayAskForHealthAndVersionAlone()
    {
        foreach (var path in (string[])["/healthz", "/livez", "/readyz", "/version"])
            await _authorizer.AuthorizeAsync(Path(path), TestContext.Current.CancellationToken);

        var failure = await Assert.ThrowsAsync<StatusException>(
            async () => await _authorizer.AuthorizeAsync(Path("/metrics"), TestContext.Current.CancellationToken));
        Assert.Equal("forbidden: User \"system:anonymous\" cannot get path \"/metrics\"", failure.Message);

        static AuthorizationRequest Path(string path) => new() { User = UserIdentity.Anonymous, Verb = "get", Path = path };
    }

    private async Task AskAsync(UserIdentity user, string verb, string resource, string ns) => await _authorizer.AuthorizeAsync(
        new AuthorizationRequest { User = user, Verb = verb, Resource = resource, Namespace = ns }, TestContext.Current.CancellationToken);
}
