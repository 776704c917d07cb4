using Cluster.Api.RbacV1;
using Cluster.ApiServer.Authorization.Rbac;

namespace Cluster.ApiServer.Tests.Authorization;

public sealed class RuleCoverTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 81)]
    [InlineData(1 << 16, long.MaxValue)]
    public void Count_IsTheProductHoweverLarge(int words, long expected)
    {
        var many = Enumerable.Repeat("", words);
        var rule = new PolicyRule { ApiGroups = { many }, Resources = { many }, ResourceNames = { many }, Verbs = { many } };

        Assert.Equal(expected, RuleCover.Count([rule]));
    }

    [Fact]
    public void Count_OfSeveralRules_IsTheirSum()
    {
        var paths = new PolicyRule { NonResourceURLs = { "/a", "/b" }, Verbs = { "get", "post" } };
        var pods = new PolicyRule { ApiGroups = { "" }, Resources = { "pods", "secrets" }, Verbs = { "get" } };

        Assert.Equal(6, RuleCover.Count([paths, pods]));
    }
}
