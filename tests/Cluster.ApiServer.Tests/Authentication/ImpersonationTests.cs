using Cluster.ApiServer.Authentication;

namespace Cluster.ApiServer.Tests.Authentication;

public sealed class ImpersonationTests
{
    [Theory]
    [InlineData("jane", "", "system:authenticated")]
    [InlineData("jane", "devs", "devs,system:authenticated")]
    [InlineData("jane", "system:authenticated", "system:authenticated")]
    [InlineData("jane", "system:unauthenticated", "system:unauthenticated")]
    [InlineData("system:anonymous", "", "system:unauthenticated")]
    [InlineData("system:anonymous", "devs", "devs,system:unauthenticated")]
    [InlineData("system:serviceaccount:shop:web", "", "system:serviceaccounts,system:serviceaccounts:shop,system:authenticated")]
    public void Groups_OfWhoIsImpersonated_AreThoseAskedForAndOneOfTheTwo(string name, string asked, string groups) =>
        Assert.Equal(groups, string.Join(',', Impersonation.Groups(name, asked.Split(',', StringSplitOptions.RemoveEmptyEntries))));
}
