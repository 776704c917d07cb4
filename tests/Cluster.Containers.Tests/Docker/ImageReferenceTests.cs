using Cluster.Containers.Docker;

namespace Cluster.Containers.Tests.Docker;

public sealed class ImageReferenceTests
{
    [Theory]
    [InlineData("nginx", "nginx", "latest")]
    [InlineData("nginx:1.2", "nginx", "1.2")]
    [InlineData("127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b", "latest")]
    [InlineData("127.0.0.1:5000/a/b:v1", "127.0.0.1:5000/a/b", "v1")]
    [InlineData("reg.io/a@sha256:00ff", "reg.io/a", "sha256:00ff")]
    public void Split_OfReference_GivesRepositoryAndTag(string reference, string repository, string tag) =>
        Assert.Equal((repository, tag), ImageReference.Split(reference));

    [Theory]
    [InlineData("nginx", "docker.io")]
    [InlineData("library/nginx", "docker.io")]
    [InlineData("127.0.0.1:5000/a/b:v1", "127.0.0.1:5000")]
    [InlineData("localhost/a", "localhost")]
    public void Registry_OfReference_IsHostAndPort(string reference, string registry) =>
        Assert.Equal(registry, ImageReference.Registry(reference));
}
