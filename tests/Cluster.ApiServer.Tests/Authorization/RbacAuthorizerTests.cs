using Cluster.Api;
using Cluster.Api.MetaV1;
using Cluster.Api.RbacV1;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Authorization;
using Cluster.ApiServer.Authorization.Rbac;

namespace Cluster.ApiServer.Tests.Authorization;

public sealed class RbacAuthorizerTests
{
    private readonly RbacIndex _index = new();
    private readonly RbacAuthorizer _authorizer;

    public RbacAuthorizerTests() => _authorizer = new RbacAuthorizer(_index);

    [Theory]
    [InlineData("get", "", "pods", "", true)]
    [InlineData("get", "", "pods", "log", true)]
    [InlineData("get", "", "pods", "exec", false)]
    [InlineData("delete", "", "pods", "", false)]
    [InlineData("get", "apps", "pods", "", false)]
    [InlineData("update", "apps", "deployments", "scale", true)]
    [InlineData("update", "apps", "deployments", "", false)]
    [InlineData("delete", "batch", "jobs", "status", true)]
    [InlineData("delete", "batch", "jobs", "", true)]
    public async Task Authorize_ByVerbGroupResourceAndSubresource(string verb, string group, string resource, string subresource, bool allowed)
    {
        Bind("", Group("dev"), Rule("get", "", "pods", "pods/log"), Rule("update", "apps", "*/scale"), Rule("*", "batch", "*"));

        var decision = await AskAsync(new UserIdentity("jane", ["dev"]), verb, group, resource, subresource, "anywhere");

        Assert.Equal(allowed, decision.Allowed);
    }

    [Fact]
    public async Task Authorize_ResourceNames_AreTheOnlyOnes()
    {
        var rule = Rule("get", "", "secrets");
        rule.ResourceNames.Add("mine");
        Bind("", User("jane"), rule);

        Assert.True((await AskAsync(Jane, "get", "", "secrets", "", "a", "mine")).Allowed);
        Assert.False((await AskAsync(Jane, "get", "", "secrets", "", "a", "other")).Allowed);
        Assert.False((await AskAsync(Jane, "list", "", "secrets", "", "a")).Allowed);
    }

    [Fact]
    public async Task Authorize_ARoleInANamespace_HoldsThereAlone()
    {
        Bind("a", User("jane"), Rule("*", "*", "*"));

        Assert.True((await AskAsync(Jane, "delete", "", "pods", "", "a")).Allowed);
        Assert.False((await AskAsync(Jane, "delete", "", "pods", "", "b")).Allowed);
        Assert.False((await AskAsync(Jane, "delete", "", "pods", "", "")).Allowed);
        Assert.False((await AskAsync(Jane, "delete", "", "nodes", "", "")).Allowed);
    }

    [Fact]
    public async Task Authorize_AServiceAccount_WithAndWithoutItsNamespaceInTheBinding()
    {
        Bind("a", new Subject { Kind = "ServiceAccount", Name = "robot" }, Rule("get", "", "pods"));
        var robot = new UserIdentity("system:serviceaccount:a:robot", []);

        var decision = await AskAsync(robot, "get", "", "pods", "", "a");

        Assert.Equal(
            new AuthorizationDecision(true, "RBAC: allowed by RoleBinding \"binding/a\" of Role \"role\" to ServiceAccount \"robot/a\""), decision);
        Assert.False((await AskAsync(new UserIdentity("system:serviceaccount:b:robot", []), "get", "", "pods", "", "a")).Allowed);
    }

    [Theory]
    [InlineData("/metrics", true)]
    [InlineData("/api/v1", true)]
    [InlineData("/apis", false)]
    [InlineData("/metrics/x", false)]
    public async Task Authorize_Paths_ExactOrByTheirBeginning(string path, bool allowed)
    {
        Bind("", User("jane"), new PolicyRule { Verbs = { "get" }, NonResourceURLs = { "/metrics", "/api/*" } });

        var decision = await _authorizer.AuthorizeAsync(new AuthorizationRequest { User = Jane, Verb = "get", Path = path }, default);

        Assert.Equal(allowed, decision.Allowed);
    }

    [Fact]
    public async Task Authorize_FollowsChanges()
    {
        var binding = Bind("", User("jane"), Rule("get", "", "pods"));
        var other = binding.Clone();
        other.Subjects[0].Name = "joe";

        Change(binding, other);
        Assert.False((await AskAsync(Jane, "get", "", "pods", "", "a")).Allowed);
        Assert.True((await AskAsync(new UserIdentity("joe", []), "get", "", "pods", "", "a")).Allowed);

        Change(other, null);
        Assert.False((await AskAsync(new UserIdentity("joe", []), "get", "", "pods", "", "a")).Allowed);
    }

    [Fact]
    public async Task Authorize_ABoundRoleThatIsNotThere_IsNamed()
    {
        Change(null, ClusterBinding(User("jane")));

        var decision = await AskAsync(Jane, "get", "", "pods", "", "a");

        Assert.Equal(new AuthorizationDecision(false, "RBAC: clusterrole.rbac.authorization.k8s.io \"role\" not found"), decision);
    }

    [Fact]
    public async Task RulesOf_GathersWhatTheUserAndItsGroupsHave()
    {
        Bind("", Group("dev"), Rule("get", "", "pods"), new PolicyRule { Verbs = { "get" }, NonResourceURLs = { "/metrics" } });

        var rules = await _authorizer.RulesOfAsync(new UserIdentity("jane", ["dev"]), "a", default);

        Assert.Equal(["pods"], Assert.Single(rules.ResourceRules).Resources);
        Assert.Equal(["/metrics"], Assert.Single(rules.NonResourceRules).NonResourceURLs);
    }

    private static UserIdentity Jane => new("jane", []);

    private static Subject User(string name) => new() { Kind = "User", Name = name };

    private static Subject Group(string name) => new() { Kind = "Group", Name = name };

    private static PolicyRule Rule(string verb, string group, params string[] resources) =>
        new() { Verbs = { verb }, ApiGroups = { group }, Resources = { resources } };

    private static ClusterRoleBinding ClusterBinding(Subject subject) => new()
    {
        Metadata = new ObjectMeta { Name = "binding" }, Subjects = { subject }, RoleRef = new RoleRef { Kind = "ClusterRole", Name = "role" },
    };

    private ClusterRoleBinding Bind(string ns, Subject subject, params PolicyRule[] rules)
    {
        var binding = ClusterBinding(subject);
        if (ns.Length == 0)
        {
            Change(null, new ClusterRole { Metadata = new ObjectMeta { Name = "role" }, Rules = { rules } });
            Change(null, binding);
            return binding;
        }

        Change(null, new Role { Metadata = new ObjectMeta { Name = "role", Namespace = ns }, Rules = { rules } });
        Change(null, new RoleBinding
        {
            Metadata = new ObjectMeta { Name = "binding", Namespace = ns }, Subjects = { subject }, RoleRef = new RoleRef { Kind = "Role", Name = "role" },
        });
        return binding;
    }

    private void Change(IApiObject? previous, IApiObject? current)
    {
        var obj = (current ?? previous)!;
        _index.Change(ResourceCatalog.For(obj), $"{obj.Metadata.Namespace}/{obj.Metadata.Name}", previous, current);
    }

    private ValueTask<AuthorizationDecision> AskAsync(
        UserIdentity user, string verb, string group, string resource, string subresource, string ns, string name = "") => _authorizer.AuthorizeAsync(
        new AuthorizationRequest
        {
            User = user, Verb = verb, Group = group, Resource = resource, Subresource = subresource, Namespace = ns, Name = name,
        },
        TestContext.Current.CancellationToken);
}
