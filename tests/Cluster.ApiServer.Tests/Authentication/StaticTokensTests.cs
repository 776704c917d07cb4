using Cluster.ApiServer.Authentication;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Authentication;

public sealed class StaticTokensTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    [Fact]
    public async Task AuthenticateAsync_TokenOfTheFile_ReturnsUserAndGroups()
    {
        var path = _directory.File("tokens.csv");
        await File.WriteAllTextAsync(path, "s3cret,ann,7,\"system:masters, dev\"\n\nplain,bob,8\n", TestContext.Current.CancellationToken);
        var tokens = await StaticTokens.ReadAsync(path, TestContext.Current.CancellationToken);

        var ann = await tokens.AuthenticateAsync("s3cret", TestContext.Current.CancellationToken);
        var bob = await tokens.AuthenticateAsync("plain", TestContext.Current.CancellationToken);

        Assert.Equal(("ann", "7"), (ann?.Name, ann?.Uid));
        Assert.Equal(["system:masters", "dev", "system:authenticated"], ann?.Groups);
        Assert.Equal(["system:authenticated"], bob?.Groups);
        Assert.Null(await tokens.AuthenticateAsync("other", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task ReadAsync_ShortLine_NamesTheLine()
    {
        var path = _directory.File("tokens.csv");
        await File.WriteAllTextAsync(path, "a,b,c\nbroken\n", TestContext.Current.CancellationToken);

        var failure = await Assert.ThrowsAsync<InvalidDataException>(() => StaticTokens.ReadAsync(path, TestContext.Current.CancellationToken));
        Assert.Contains("tokens.csv:2", failure.Message);
    }

    public void Dispose() => _directory.Dispose();
}
