using System.Diagnostics;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Handover;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Restart;

/// <summary>
/// SIGUSR2 has this process start its program again, as it lies on the disk by now and with the same arguments; the new process takes over.
/// </summary>
public sealed class SuccessorOnSignal : IDisposable
{
    private const int SIGUSR2 = 12;

    private readonly Lock _lock = new();
    private readonly Succession _succession;
    private readonly ServiceManager? _manager;
    private readonly ILogger _logger;
    private readonly PosixSignalRegistration? _registration;

    // Asked for at the start: once the file has been replaced, the system no longer tells where this process' own lay.
    private readonly string? _program = FindProgram();
    private Process? _successor;

    /// <param name="succession">This process' part in being taken over from.</param>
    /// <param name="logger">Told of each start, and why one failed.</param>
    /// <param name="manager">Told that a successor is under way, and when it has failed; null: nobody.</param>
    public SuccessorOnSignal(Succession succession, ILogger logger, ServiceManager? manager = null)
    {
        _succession = succession;
        _manager = manager;
        _logger = logger;
        if (OperatingSystem.IsLinux()) _registration = PosixSignalRegistration.Create((PosixSignal)SIGUSR2, Handle);
    }

    public void Dispose()
    {
        _registration?.Dispose();
        lock (_lock) _successor?.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (_lock)
        {
            try
            {
                Start();
            }
            catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or InvalidOperationException or IOException)
            {
                _logger.LogError("This program can't be started again, the process serves on: {Reason}", exception.Message);
            }
        }
    }

    private void Start()
    {
        if (_succession.HandedOver.IsCompleted) return;
        if (_successor is { HasExited: false } underWay)
        {
            _logger.LogInformation("Process {Pid} prepares to take over already", underWay.Id);
            return;
        }

        if (Environment.ProcessId == 1)
        {
            _logger.LogError("The first process of a container can't be taken over from, for the container ends with it: start another container");
            return;
        }

        if (_program is not { } program)
        {
            _logger.LogError("The system does not tell where this program lies: start the other process by hand");
            return;
        }

        _successor?.Dispose();
        var arguments = Environment.GetCommandLineArgs();
        // Behind the program's own name, unless that is the runtime's and the first argument the program.
        var isHosted = Path.GetFileNameWithoutExtension(program) == "dotnet";
        _manager?.Reloading();
        try
        {
            _successor = new Process { StartInfo = new ProcessStartInfo(program, isHosted ? arguments : arguments[1..]) { UseShellExecute = false }, EnableRaisingEvents = true };
            _successor.Exited += OnEnded;
            _successor.Start();
        }
        catch
        {
            _successor = null;
            _manager?.ReloadFailed();
            throw;
        }

        _logger.LogInformation("Process {Pid} was started to take over", _successor.Id);
    }

    // By the path it was started by, where that is whole: the system's own word has links followed, and an upgrade may lead one elsewhere.
    private static string? FindProgram()
    {
        var started = OperatingSystem.IsLinux() ? File.ReadAllText("/proc/self/cmdline").Split('\0')[0] : "";
        return Path.IsPathRooted(started) && File.Exists(started) ? started : Environment.ProcessPath;
    }

    private void OnEnded(object? sender, EventArgs e)
    {
        if (!_succession.HandedOver.IsCompleted) _manager?.ReloadFailed();
    }
}
