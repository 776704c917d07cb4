using Cluster.Kubelet.Variables;

namespace Cluster.Kubelet.Tests.Variables;

public sealed class ExpansionTests
{
    private static readonly Dictionary<string, string> Known = new() { ["A"] = "1", ["B"] = "$(A)" };

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("$(A)", "1")]
    [InlineData("x$(A)y$(A)", "x1y1")]
    [InlineData("$(NO)", "$(NO)")]
    [InlineData("$$(A)", "$(A)")]
    [InlineData("$$$(A)", "$1")]
    [InlineData("$A $", "$A $")]
    [InlineData("$(A", "$(A")]
    [InlineData("$(B)", "$(A)")]
    [InlineData("$$", "$")]
    public void Expand_OfText_FollowsKubernetes(string text, string expected) => Assert.Equal(expected, Expansion.Expand(text, Known));
}
