using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Proxy.Reflection;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Proxy.Tests.Reflection;

public sealed class SavedTableTests : IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly FakeApiClient _api = new();

    private string FilePath => Path.Combine(_folder.Path, "services");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Load_SameBoot_GivesBackWhatWasSaved()
    {
        await SaveAsync("boot-1");
        Assert.Equal(["db", "web"], await LoadedAsync("boot-1"));
    }

    [Fact]
    public async Task Load_AnotherBoot_GivesNothing()
    {
        await SaveAsync("boot-1");
        Assert.Empty(await LoadedAsync("boot-2"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    public async Task Load_FileCutShort_IsToldAndGivesNothing(int lost)
    {
        await SaveAsync("boot-1");
        var bytes = await File.ReadAllBytesAsync(FilePath);
        await File.WriteAllBytesAsync(FilePath, bytes[..^lost]);
        Assert.Empty(await LoadedAsync("boot-1"));
    }

    [Fact]
    public async Task Load_BytesChanged_GivesNothing()
    {
        await SaveAsync("boot-1");
        var bytes = await File.ReadAllBytesAsync(FilePath);
        for (var i = 32; i < bytes.Length; i++) bytes[i] ^= 0x55;
        await File.WriteAllBytesAsync(FilePath, bytes);
        Assert.Empty(await LoadedAsync("boot-1"));
    }

    [Fact]
    public async Task Load_NoFile_GivesNothing() => Assert.Empty(await LoadedAsync("boot-1"));

    [Fact]
    public async Task Run_FolderGone_GoesOn()
    {
        Directory.Delete(_folder.Path);
        await SaveAsync("boot-1");
        Assert.False(File.Exists(FilePath));
    }

    private async Task SaveAsync(string boot)
    {
        _api.Seed(Make.Service("web", "10.96.0.5", Make.Port(80)));
        _api.Seed(Make.Service("db", "10.96.0.6", Make.Port(5432)));
        _api.Seed(Make.Slice("web", 8080, Make.Endpoint("10.0.0.1")));
        using var stop = new CancellationTokenSource();
        var informers = new InformerFactory(_api, NullLogger.Instance);
        var saving = new SavedTable(informers, FilePath, boot, NullLogger.Instance, TimeProvider.System).RunAsync(stop.Token);
        var running = informers.RunAsync(stop.Token);
        await informers.WaitForSyncAsync(CancellationToken.None);
        await stop.CancelAsync();
        await Task.WhenAll(saving, running);
    }

    // Against an API that never answers.
    private async Task<IEnumerable<string>> LoadedAsync(string boot)
    {
        using var stop = new CancellationTokenSource();
        var away = new FakeApiClient { Fault = _ => new HttpRequestException("away") };
        var informers = new InformerFactory(away, NullLogger.Instance);
        var services = informers.For<Service>();
        new SavedTable(informers, FilePath, boot, NullLogger.Instance, TimeProvider.System).Load();
        // Without effect where something was loaded: there is content to wait for either way.
        services.Prime([]);
        var running = informers.RunAsync(stop.Token);
        await services.WaitForContentAsync(CancellationToken.None);
        var names = services.List().Select(service => service.Metadata.Name).Order().ToArray();
        await stop.CancelAsync();
        await running;
        return names;
    }
}
