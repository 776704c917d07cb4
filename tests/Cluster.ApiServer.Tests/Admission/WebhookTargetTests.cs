using Cluster.Api;
using Cluster.Api.AdmissionRegistrationV1;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Admission.Webhooks;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Registry;

namespace Cluster.ApiServer.Tests.Admission;

public sealed class WebhookTargetTests
{
    [Theory]
    [InlineData("pods", "", true)]
    [InlineData("pods", "status", false)]
    [InlineData("pods/*", "", true)]
    [InlineData("pods/*", "status", true)]
    [InlineData("*", "", true)]
    [InlineData("*", "status", false)]
    [InlineData("*/*", "", true)]
    [InlineData("*/*", "status", true)]
    [InlineData("*/status", "status", true)]
    [InlineData("*/status", "", false)]
    [InlineData("pods/status", "", false)]
    [InlineData("services/*", "", false)]
    public void VersionFor_OfAResourceInARule_IsAsUpstreamMatchesIt(string resource, string part, bool matches)
    {
        var webhook = new ValidatingWebhook { Rules = { new RuleWithOperations { Operations = { "*" }, Rule = new Rule { ApiGroups = { "" }, ApiVersions = { "v1" }, Resources = { resource } } } } };
        var request = new AdmissionRequest
        {
            Scope = new RequestScope { Resource = ResourceCatalog.For<Pod>(), User = UserIdentity.Anonymous, Namespace = "default", Name = "a", Subresource = part.Length > 0 ? part : null },
            Operation = AdmissionOperation.Update,
        };

        Assert.Equal(matches, WebhookTarget.VersionFor(webhook, request) is not null);
    }
}
