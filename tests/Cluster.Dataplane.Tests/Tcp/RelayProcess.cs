using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>A relay in a process of its own, under limits of its own: this assembly run once more, with one test that serves until it is ended.</summary>
public sealed class RelayProcess : IAsyncDisposable
{
    private const string Variable = "CLUSTER_TEST_RELAY";
    private readonly Process _process;

    private RelayProcess(Process process, IPEndPoint endPoint)
    {
        _process = process;
        EndPoint = endPoint;
    }

    /// <summary>For the runner, which makes one to run <see cref="Serve"/> in the child.</summary>
    public RelayProcess()
        : this(Process.GetCurrentProcess(), new IPEndPoint(IPAddress.None, 0))
    {
    }

    public IPEndPoint EndPoint { get; }

    public bool IsAlive => !_process.HasExited;

    /// <summary>Open descriptors of the process.</summary>
    public int Descriptors => Directory.GetFiles($"/proc/{_process.Id}/fd").Length;

    internal static async Task<RelayProcess> StartAsync(TcpPath path, int openFiles, IPEndPoint backend, bool halved = false)
    {
        var listen = new IPEndPoint(IPAddress.Loopback, FreePort.Tcp());
        var assembly = typeof(RelayProcess).Assembly.Location;
        var command = $"ulimit -n {openFiles}; exec dotnet '{assembly}' -method {typeof(RelayProcess).FullName}.{nameof(Serve)} -explicit only";
        var start = new ProcessStartInfo("sh", ["-c", command]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[Variable] = $"{path} {listen} {backend} {halved}";
        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var relay = new RelayProcess(process, listen);
        await Eventually.True(async () => await relay.AnswersAsync(), "the relay's process to serve");
        return relay;
    }

    [Fact(Explicit = true)]
    public async Task Serve()
    {
        var given = Environment.GetEnvironmentVariable(Variable)!.Split(' ');
        await using var rig = new TcpRelayRig(Enum.Parse<TcpPath>(given[0]), null, IPEndPoint.Parse(given[1]), Make.Port("ns/web"), IPEndPoint.Parse(given[2]));
        if (bool.Parse(given[3])) rig.Relay.Halve();
        // Until the parent ends, however it does.
        while (await Console.In.ReadLineAsync() is not null)
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process.Id == Environment.ProcessId) return;
        if (!_process.HasExited) _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private async Task<bool> AnswersAsync()
    {
        Assert.True(IsAlive, "the relay's process has ended");
        try
        {
            using var socket = new Socket(EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(EndPoint);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
