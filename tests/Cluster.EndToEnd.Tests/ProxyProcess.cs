using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Cluster.EndToEnd.Tests;

/// <summary>The binary as a load balancer of a file, <c>cluster proxy --config</c>, or as any other proxy. Ended with the test.</summary>
internal sealed class ProxyProcess : IAsyncDisposable
{
    private readonly StringBuilder _log = new();
    private readonly Process _process;
    private readonly string _mark;
    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-proxy-").FullName;

    /// <param name="config">The file's first text.</param>
    /// <param name="before">A command the binary is started by, such as one that takes privileges away.</param>
    public ProxyProcess(string config, params string[] before)
        : this([.. before, Machine.ClusterBinary, "proxy"], config, mark: null)
    {
    }

    private ProxyProcess(List<string> command, string? config, string? mark)
    {
        // Readable by whoever the command makes it.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        _mark = mark ?? ConfigPath;
        if (config is not null)
        {
            Configure(config);
            command = [.. command, "--config", ConfigPath];
        }

        _process = Start(command);
    }

    /// <summary>A proxy that is told of its services by something else than a file.</summary>
    /// <param name="mark">Part of its command line, and of no other's: by it the processes that took over from it are known.</param>
    /// <param name="command">All of that.</param>
    public static ProxyProcess Of(string mark, params string[] command) => new([.. command], config: null, mark);

    /// <summary>The native binary with the same file.</summary>
    public static ProxyProcess Native(string config) => new([Machine.NativeProxy], config, mark: null);

    public int Id => _process.Id;

    public string ConfigPath => Path.Combine(_folder, "lb.yaml");

    /// <summary>What it has printed so far.</summary>
    public string Log
    {
        get
        {
            lock (_log) return _log.ToString();
        }
    }

    /// <summary>Replaces the file, as an editor does: by renaming.</summary>
    public void Configure(string config)
    {
        File.WriteAllText(ConfigPath + ".new", config);
        File.Move(ConfigPath + ".new", ConfigPath, overwrite: true);
    }

    public Task UntilLoggedAsync(string text) => Poll.UntilAsync($"the proxy to say \"{text}\"; it said:\n{Log}", () => Task.FromResult(Log.Contains(text, StringComparison.Ordinal)), 20);

    /// <summary>Waits until a TCP port is served.</summary>
    public Task UntilReadyAsync(int port) => Poll.UntilAsync($"port {port} to be served; it said:\n{Log}", async () =>
    {
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(System.Net.IPAddress.Loopback, port);
        return true;
    });

    /// <summary>Waits for its end by itself.</summary>
    public async Task<int> ExitCodeAsync()
    {
        // Not by waiting for the process, which waits for the end of its output too: a process that took over goes on with that.
        await Poll.UntilAsync($"the process to end; it said:\n{Log}", () => Task.FromResult(_process.HasExited), 20);
        return _process.ExitCode;
    }

    /// <summary>Ends it as a service manager does.</summary>
    public async Task<int> TerminateAsync()
    {
        (await CommandResult.RunAsync("kill", ["-TERM", $"{_process.Id}"], TimeSpan.FromSeconds(5))).Succeeded();
        return await ExitCodeAsync();
    }

    /// <summary>Every process there was: the first one, and those that were started to take over.</summary>
    public IReadOnlyList<int> Pids => [_process.Id, .. Regex.Matches(Log, @"Process (\d+) was started to take over").Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))];

    /// <summary>How often one has taken over from another.</summary>
    public int TakeOvers => Regex.Count(Log, @"Took over from process \d+");

    /// <summary>Has the process that serves start another one, which takes over; returns when that one serves.</summary>
    public async Task ReloadAsync()
    {
        int before = TakeOvers;
        (await CommandResult.RunAsync("kill", ["-USR2", $"{Pids.Last(IsAlive)}"], TimeSpan.FromSeconds(5))).Succeeded();
        await Poll.UntilAsync($"a process to take over; they said:\n{Log}", () => Task.FromResult(TakeOvers > before), 60);
    }

    public static bool IsAlive(int pid) => File.Exists($"/proc/{pid}/stat") && !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);

    public async ValueTask DisposeAsync()
    {
        // As a service manager does, for they take away what they have made; and what does not follow is ended.
        List<int> alive = [.. Pids.Where(IsOurs)];
        foreach (int pid in alive) await CommandResult.RunAsync("kill", ["-TERM", $"{pid}"], TimeSpan.FromSeconds(5));
        for (int look = 0; look < 100 && alive.Exists(IsAlive); look++) await Task.Delay(100, CancellationToken.None);
        foreach (int pid in alive.Where(IsOurs)) Process.GetProcessById(pid).Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // Its number may be another's by now.
    private bool IsOurs(int pid) => IsAlive(pid) && File.ReadAllText($"/proc/{pid}/cmdline").Contains(_mark, StringComparison.Ordinal);

    private Process Start(IReadOnlyList<string> command)
    {
        Process process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.OutputDataReceived += Note;
        process.ErrorDataReceived += Note;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private void Note(object sender, DataReceivedEventArgs line)
    {
        lock (_log) _log.AppendLine(line.Data);
    }
}
