using Cluster.Containers.Docker;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Containers.Tests.Docker;

public sealed class DockerEngineTests
{
    [Fact]
    public async Task EnsureAsync_WithARunningEngine_OwnsNothing()
    {
        if (DockerRig.Missing is { } missing) Assert.Skip(missing);
        var data = Path.Combine(Path.GetTempPath(), $"engine-{Guid.NewGuid():N}");

        await new DockerEngine(new DockerEngineOptions { DataRoot = data }, NullLogger.Instance).EnsureAsync(CancellationToken.None);

        Assert.False(Directory.Exists(data));
    }
}
