using Cluster.Api;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Authorization;
using Cluster.ApiServer.Authorization.Rbac;

namespace Cluster.ApiServer.Tests.Authorization;

public sealed class RequestAuthorizerTests
{
    private readonly RequestAuthorizer _authorizer = new(new AuthorizerChain([new MastersAuthorizer(), new RbacAuthorizer(new RbacIndex())]));

    [Fact]
    public async Task AuthorizeAsync_Masters_MayDoEverythingWithoutAnyRole() => await _authorizer.AuthorizeAsync(
        new AuthorizationRequest { User = new UserIdentity("admin", ["system:masters"]), Verb = "delete", Resource = "pods", Namespace = "default" },
        TestContext.Current.CancellationToken);

    [Fact]
    public async Task AuthorizeAsync_InANamespace_IsForbiddenInKubernetesWords()
    {
        var failure = await FailureAsync(new AuthorizationRequest
        {
            User = new UserIdentity("jane", []), Verb = "list", Resource = "pods", Namespace = "default",
        });

        Assert.Equal(403, failure.Code);
        Assert.Equal(
            "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"", failure.Message);
        Assert.Equal("pods", failure.Status.Details.Kind);
    }

    [Fact]
    public async Task AuthorizeAsync_NamedObjectOutsideNamespaces_SaysSo()
    {
        var failure = await FailureAsync(new AuthorizationRequest
        {
            User = UserIdentity.Anonymous, Verb = "update", Group = "apps", Resource = "deployments", Subresource = "scale", Name = "web",
        });

        Assert.Equal(
            "deployments.apps \"web\" is forbidden: User \"system:anonymous\" cannot update resource \"deployments/scale\" "
            + "in API group \"apps\" at the cluster scope",
            failure.Message);
    }

    [Fact]
    public async Task AuthorizeAsync_APath_IsNamed()
    {
        var failure = await FailureAsync(new AuthorizationRequest { User = UserIdentity.Anonymous, Verb = "get", Path = "/metrics" });

        Assert.Equal("forbidden: User \"system:anonymous\" cannot get path \"/metrics\"", failure.Message);
    }

    private async Task<StatusException> FailureAsync(AuthorizationRequest request) => await Assert.ThrowsAsync<StatusException>(
        async () => await _authorizer.AuthorizeAsync(request, TestContext.Current.CancellationToken));
}
