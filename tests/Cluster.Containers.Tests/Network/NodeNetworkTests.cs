using Cluster.Containers.Network;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Containers.Tests.Network;

public sealed class NodeNetworkTests : IDisposable
{
    private const string Rules = "-N DOCKER-USER\n-A DOCKER-USER -s 10.244.0.0/24 -m comment --comment cluster0 -j ACCEPT\n"
        + "-A DOCKER-USER -d 10.244.0.0/24 -m comment --comment cluster0 -j ACCEPT\n-A DOCKER-USER -j RETURN\n";

    private readonly string data = Directory.CreateTempSubdirectory("network-").FullName;
    private readonly List<string> ran = [];

    private string Owned => Path.Combine(data, "owned");

    public void Dispose() => Directory.Delete(data, recursive: true);

    [Fact]
    public async Task RemoveAsync_WithoutProgramsAndNothingMade_IsNoFailure() => await Network(_ => (127, "not found")).RemoveAsync(CancellationToken.None);

    [Fact]
    public async Task RemoveAsync_WithoutProgramsButSomethingMade_SaysWhatToInstall()
    {
        await File.WriteAllLinesAsync(Owned, ["nft ip cluster", "iptables DOCKER-USER cluster0"]);

        var failure = await Assert.ThrowsAsync<RuntimeException>(() => Network(_ => (127, "not found")).RemoveAsync(CancellationToken.None));

        Assert.Contains("install the package nftables", failure.Message, StringComparison.Ordinal);
        Assert.Contains("install the package iptables", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
        Assert.Equal(2, (await File.ReadAllLinesAsync(Owned)).Length);
    }

    [Fact]
    public async Task RemoveAsync_NftRefused_StillRemovesTheRulesAndThrows()
    {
        var network = Network(command => command switch
        {
            "nft -f -" => (1, "Operation not permitted\n"),
            "iptables -w -S DOCKER-USER" => (0, Rules),
            _ => (0, ""),
        });

        var failure = await Assert.ThrowsAsync<RuntimeException>(() => network.RemoveAsync(CancellationToken.None));

        Assert.Contains("Operation not permitted", failure.Message, StringComparison.Ordinal);
        Assert.Equal(2, ran.Count(command => command.StartsWith("iptables -w -D DOCKER-USER", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(0, true)]
    [InlineData(4, true)]
    public async Task RemoveAsync_RuleNotDeleted_FailsUnlessItIsGone(int check, bool fails)
    {
        var network = Network(command => command.Split(' ')[2] switch
        {
            "-S" => (0, Rules),
            "-D" => (1, "no"),
            "-C" => (check, ""),
            _ => (0, ""),
        });

        var failure = await Record.ExceptionAsync(() => network.RemoveAsync(CancellationToken.None));

        Assert.Equal(fails, failure is RuntimeException);
        Assert.Equal(2, ran.Count(command => command.StartsWith("iptables -w -D", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(4, true)]
    public async Task RemoveAsync_ChainNotListed_FailsUnlessThereIsNone(int code, bool fails)
    {
        var network = Network(command => command.StartsWith("iptables", StringComparison.Ordinal) ? (code, "why") : (0, ""));

        Assert.Equal(fails, await Record.ExceptionAsync(() => network.RemoveAsync(CancellationToken.None)) is RuntimeException);
    }

    [Fact]
    public async Task EnsureAndRemoveAsync_RecordWhatIsMadeAndForgetIt()
    {
        var made = Network(command => command switch
        {
            "nft list table ip cluster" => (1, ""),
            _ when command.StartsWith("iptables -w -C", StringComparison.Ordinal) => (1, ""),
            _ => (0, ""),
        });

        await made.EnsureAsync(System.Net.IPNetwork.Parse("10.244.0.0/24"), CancellationToken.None);
        Assert.Equal(["nft ip cluster", "iptables DOCKER-USER cluster0"], await File.ReadAllLinesAsync(Owned));

        await made.RemoveAsync(CancellationToken.None);
        Assert.Empty(await File.ReadAllLinesAsync(Owned));
    }

    private NodeNetwork Network(Func<string, (int ExitCode, string Output)> answer) =>
        new(new NodeNetworkOptions { OwnedPath = Owned }, NullLogger.Instance, (program, arguments, _, _) =>
        {
            var command = $"{program} {string.Join(' ', arguments)}";
            ran.Add(command);
            return Task.FromResult(answer(command));
        });
}
