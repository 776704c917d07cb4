using System.Diagnostics;
using System.Net.Sockets;

namespace Cluster.Testing;

/// <summary>A real etcd of the test's own, on free ports and in a directory that go with it. It can be killed and started again.</summary>
public sealed class EtcdProcess : IAsyncDisposable
{
    private const string Program = "/usr/bin/etcd";

    private readonly TempDirectory _data = new();
    private readonly int _clientPort;
    private readonly int _peerPort;
    private readonly string[] _extraArguments;
    private readonly string _scheme;
    private Process? _process;

    private EtcdProcess(string scheme, string[] extraArguments)
    {
        var ports = FreePort.Tcp(2);
        (_clientPort, _peerPort) = (ports[0], ports[1]);
        (_scheme, _extraArguments) = (scheme, extraArguments);
    }

    /// <summary>Why tests with etcd can't run here, or null.</summary>
    public static string? Missing => File.Exists(Program) ? null : $"{Program} is not installed (package etcd-server)";

    /// <summary>Where its data lies; kept while it is killed and started again.</summary>
    public string DataDirectory => _data.Path;

    public Uri Endpoint => new($"{_scheme}://127.0.0.1:{_clientPort}");

    public static async Task<EtcdProcess> StartNewAsync(string scheme = "http", params string[] extraArguments)
    {
        var etcd = new EtcdProcess(scheme, extraArguments);
        try
        {
            await etcd.StartAsync();
            return etcd;
        }
        catch
        {
            await etcd.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it (again) and waits until it listens.</summary>
    public async Task StartAsync()
    {
        var url = Endpoint.GetLeftPart(UriPartial.Authority);
        string[] arguments =
        [
            "--name", "test", "--data-dir", _data.Path,
            "--listen-client-urls", url, "--advertise-client-urls", url,
            "--listen-peer-urls", $"http://127.0.0.1:{_peerPort}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{_peerPort}",
            "--initial-cluster", $"test=http://127.0.0.1:{_peerPort}", .. _extraArguments,
        ];
        // Its log goes to a file: a pipe that nobody empties would stop it.
        _process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$@\" >>etcd.log 2>&1", Program, .. arguments])
        {
            WorkingDirectory = _data.Path,
        })!;
        await Eventually.True(IsListeningAsync, "etcd to listen");
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        if (_process is null)
            return;
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _data.Dispose();
    }

    private async Task<bool> IsListeningAsync()
    {
        if (_process!.HasExited)
            throw new InvalidOperationException($"etcd ended: {await File.ReadAllTextAsync(_data.File("etcd.log"))}");
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", _clientPort);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
