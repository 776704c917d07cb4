using System.Globalization;

namespace Cluster.EndToEnd.Tests;

/// <summary>One process of the load balancer after the other, under load: nobody notices.</summary>
public sealed class RestartTests
{
    private const int ClientsOfEachKind = 8;

    /// <summary>More by the environment, for a soak.</summary>
    private static readonly int Restarts = int.Parse(Environment.GetEnvironmentVariable("CLUSTER_RESTARTS") ?? "4", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Reload_UnderLoadSeveralTimesInARow_DropsNothing()
    {
        Assert.True(File.Exists(Machine.ClusterBinary), $"{Machine.ClusterBinary} is not built: run the tests by ./cluster test");
        await using var servers = new EchoServers(3);
        int port = Machine.FreePort(), managedPort = Machine.FreePort(), metrics = Machine.FreePort();
        await using var proxy = new ProxyProcess($"metrics: 127.0.0.1:{metrics}\n" + Config(port, servers.List) + Services(managedPort, servers.List, "managed"));
        await proxy.UntilReadyAsync(port);
        await proxy.UntilReadyAsync(managedPort);
        await using var clients = new SteadyClients(port, ClientsOfEachKind, metrics);
        await using var managed = new SteadyClients(managedPort, ClientsOfEachKind / 2);
        for (int restart = 0; restart < Restarts; restart++)
        {
            await proxy.ReloadAsync();
            foreach (SteadyClients each in (SteadyClients[])[clients, managed])
            {
                long exchanges = each.Exchanges;
                await Poll.UntilAsync("requests to go on", () => Task.FromResult(each.Exchanges > exchanges + 200 || each.Failures.Count > 0));
                Assert.Empty(each.Failures);
            }
        }

        // Whoever has a connection from before lives on with it; the others have ended by themselves.
        Assert.True(ProxyProcess.IsAlive(proxy.Pids[0]));
        Assert.True(ProxyProcess.IsAlive(proxy.Pids[^1]));
        await Poll.UntilAsync("the processes between to end", () => Task.FromResult(!proxy.Pids.Skip(1).SkipLast(1).Any(ProxyProcess.IsAlive)));
        Assert.Empty(await clients.StopAsync());
        Assert.Empty(await managed.StopAsync());
        Assert.True(clients.Connections > 0);
        Assert.Equal(0, await proxy.ExitCodeAsync());
    }

    [Fact]
    public async Task Reload_ProgramThatCannotStart_OldOneServesOn()
    {
        Assert.True(File.Exists(Machine.ClusterBinary), $"{Machine.ClusterBinary} is not built: run the tests by ./cluster test");
        await using var servers = new EchoServers(1);
        int port = Machine.FreePort();
        await using var proxy = new ProxyProcess(Config(port, servers.List));
        await proxy.UntilReadyAsync(port);
        await using var clients = new SteadyClients(port, 2);
        // The new process refuses the file that the old one, which read it when it was good, refuses to follow.
        proxy.Configure("services: {");
        (await CommandResult.RunAsync("kill", ["-USR2", $"{proxy.Pids[0]}"], TimeSpan.FromSeconds(5))).Succeeded();
        await Poll.UntilAsync("another process to start and end", () => Task.FromResult(proxy.Pids.Count == 2 && !ProxyProcess.IsAlive(proxy.Pids[1])));
        proxy.Configure(Config(port, servers.List));
        await proxy.ReloadAsync();
        Assert.Empty(await clients.StopAsync());
    }

    [Fact]
    public async Task Reload_UnderAServiceManager_ItIsToldWhomToFollow()
    {
        Assert.True(File.Exists(Machine.ClusterBinary), $"{Machine.ClusterBinary} is not built: run the tests by ./cluster test");
        using var manager = new NotifySocket();
        await using var servers = new EchoServers(1);
        int port = Machine.FreePort();
        await using var proxy = new ProxyProcess(Config(port, servers.List), "env", $"NOTIFY_SOCKET={manager.Path}");
        Assert.Equal("READY=1", await manager.NextAsync());

        proxy.Configure("services: {");
        (await CommandResult.RunAsync("kill", ["-USR2", $"{proxy.Pids[0]}"], TimeSpan.FromSeconds(5))).Succeeded();
        Assert.Matches("^RELOADING=1\nMONOTONIC_USEC=[0-9]+$", await manager.NextAsync());
        Assert.Equal("READY=1", await manager.NextAsync());

        proxy.Configure(Config(port, servers.List));
        await proxy.ReloadAsync();
        Assert.Matches("^RELOADING=1\nMONOTONIC_USEC=[0-9]+$", await manager.NextAsync());
        // The new one says that it serves whoever is followed at that moment.
        string[] said = [await manager.NextAsync(), await manager.NextAsync()];
        Assert.Equal([$"MAINPID={proxy.Pids[^1]}\nREADY=1", "READY=1"], said.Order(StringComparer.Ordinal));
        Assert.Equal(0, await proxy.ExitCodeAsync());

        (await CommandResult.RunAsync("kill", ["-TERM", $"{proxy.Pids[^1]}"], TimeSpan.FromSeconds(5))).Succeeded();
        Assert.Equal("STOPPING=1", await manager.NextAsync());
    }

    private static string Config(int port, string backends) => "services:\n" + Services(port, backends, "auto");

    private static string Services(int port, string backends, string path) => $"""
        - name: sessions-{path}
          listen: 127.0.0.1:{port}
          protocol: UDP
          path: {path}
          backends: {backends}
        - name: web-{path}
          listen: 127.0.0.1:{port}
          path: {path}
          backends: {backends}

        """;
}
