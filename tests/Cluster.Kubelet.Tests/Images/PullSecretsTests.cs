using Cluster.Api.CoreV1;
using Cluster.Kubelet.Images;
using Google.Protobuf;

namespace Cluster.Kubelet.Tests.Images;

public sealed class PullSecretsTests
{
    [Fact]
    public void Parse_OfDockerConfigJson_ReadsNamesAndPasswords()
    {
        // dTpwOnE= is u:p:q: only the first colon parts name and password.
        var secret = new Secret { Data = { [".dockerconfigjson"] = ByteString.CopyFromUtf8("""{"auths":{"reg.io":{"auth":"dTpwOnE="},"other.io":{"username":"v","password":"w"}}}""") } };

        var found = PullSecrets.Parse(secret).ToList();

        Assert.Equal(("reg.io", "u", "p:q"), (found[0].Server, found[0].Username, found[0].Password));
        Assert.Equal(("other.io", "v", "w"), (found[1].Server, found[1].Username, found[1].Password));
        Assert.DoesNotContain("p:q", found[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_OfBrokenJson_GivesNothing() =>
        Assert.Empty(PullSecrets.Parse(new Secret { Data = { [".dockerconfigjson"] = ByteString.CopyFromUtf8("{") } }));

    [Theory]
    [InlineData("reg.io", "reg.io/a:1", true)]
    [InlineData("https://reg.io/v2/", "reg.io/a:1", true)]
    [InlineData("*.reg.io", "eu.reg.io/a", true)]
    [InlineData("*.reg.io", "reg.io/a", false)]
    [InlineData("reg.io/team", "reg.io/team/a", true)]
    [InlineData("reg.io/team", "reg.io/other/a", false)]
    [InlineData("https://index.docker.io/v1/", "nginx", true)]
    [InlineData("127.0.0.1:5000", "127.0.0.1:5000/a", true)]
    public void Matches_OfEntryAndImage_IsByHostAndPath(string entry, string image, bool matches) => Assert.Equal(matches, PullSecrets.Matches(entry, image));
}
