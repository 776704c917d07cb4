using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>A backend in a process of its own, so that it can be killed: this assembly run once more, with one test that answers each message until it is ended.</summary>
public sealed class BackendProcess : IAsyncDisposable
{
    private const string Variable = "CLUSTER_TEST_BACKEND";
    private readonly Process? _process;

    private BackendProcess(Process process, IPEndPoint endPoint)
    {
        _process = process;
        EndPoint = endPoint;
    }

    /// <summary>For the runner, which makes one to run <see cref="Serve"/> in the child.</summary>
    public BackendProcess() => EndPoint = new IPEndPoint(IPAddress.None, 0);

    public IPEndPoint EndPoint { get; }

    internal static async Task<BackendProcess> StartAsync()
    {
        var listen = new IPEndPoint(IPAddress.Loopback, FreePort.Tcp());
        var start = new ProcessStartInfo("dotnet", [typeof(BackendProcess).Assembly.Location, "-method", $"{typeof(BackendProcess).FullName}.{nameof(Serve)}", "-explicit", "only"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[Variable] = listen.ToString();
        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var backend = new BackendProcess(process, listen);
        await Eventually.True(async () => await backend.AnswersAsync(), "the backend's process to serve", TimeSpan.FromSeconds(60));
        return backend;
    }

    /// <summary>kill -9: whatever it was doing, the kernel ends its connections.</summary>
    internal void Kill()
    {
        _process!.Kill();
        _process.WaitForExit();
    }

    [Fact(Explicit = true)]
    public async Task Serve()
    {
        var endPoint = IPEndPoint.Parse(Environment.GetEnvironmentVariable(Variable)!);
        await using var backend = new TcpBackend(TcpBackend.EchoAsync, endPoint.Address, endPoint.Port);
        // Until the parent ends, however it does.
        while (await Console.In.ReadLineAsync() is not null)
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is null) return;
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<bool> AnswersAsync()
    {
        Assert.False(_process!.HasExited, "the backend's process has ended");
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
