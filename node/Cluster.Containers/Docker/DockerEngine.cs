using System.Net.Sockets;
using Cluster.Containers.Network;
using Microsoft.Extensions.Logging;

namespace Cluster.Containers.Docker;

/// <summary>Sees to it that a Docker engine answers on this machine, installing and starting it where it may.</summary>
/// <remarks>The engine is started as a service, never as our child: containers must survive our death.</remarks>
public sealed partial class DockerEngine
{
    /// <summary>The line in DATA/owned that says we started the engine.</summary>
    public const string OwnedStart = "docker started";

    /// <summary>The line in DATA/owned that says we installed the package.</summary>
    public const string OwnedInstall = "docker installed";

    private const string HowTo = "install Docker 20.10 or later (https://docs.docker.com/engine/install) and start it";
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(60);

    private readonly DockerEngineOptions options;
    private readonly ILogger logger;
    private readonly OwnedLines owned;

    public DockerEngine(DockerEngineOptions options, ILogger logger)
    {
        this.options = options;
        this.logger = logger;
        owned = new OwnedLines(Path.Combine(options.DataRoot, "owned"));
    }

    /// <summary>Returns when the engine answers.</summary>
    /// <exception cref="RuntimeException">It does not, with one line that says what to do.</exception>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        var (answers, why) = await ProbeAsync(cancellationToken);
        if (answers) return;
        ThrowIfHung(why);
        if (why is SocketError.AccessDenied)
            throw Unavailable($"no permission for {options.Endpoint.AbsolutePath}: run as root or join the group docker");
        if (!Environment.IsPrivilegedProcess) throw Unavailable($"Docker does not run: {HowTo}, or run this as root on Debian or Ubuntu");
        if (!IsInstalled) await InstallAsync(cancellationToken);

        // A package's own script may have started it.
        if (!(await ProbeAsync(cancellationToken)).Answers) await StartAsync(cancellationToken);
    }

    private static bool IsInstalled => FindProgram("dockerd") is not null;

    private async Task InstallAsync(CancellationToken cancellationToken)
    {
        if (FindProgram("apt-get") is null) throw Unavailable($"Docker is not installed and this is neither Debian nor Ubuntu: {HowTo}");
        logger.LogInformation("Installing Docker (apt-get install docker.io)");
        await owned.RecordAsync(OwnedInstall, cancellationToken);
        var quiet = new Dictionary<string, string> { ["DEBIAN_FRONTEND"] = "noninteractive" };
        string[] install = ["-y", "-q", "--no-install-recommends", "install", "docker.io", "iptables", "nftables"];
        var done = await Command.RunAsync("apt-get", install, null, InstallLimit, cancellationToken, quiet);
        if (done.ExitCode != 0)
        {
            await Command.RunAsync("apt-get", ["-q", "update"], null, InstallLimit, cancellationToken, quiet);
            done = await Command.RunAsync("apt-get", install, null, InstallLimit, cancellationToken, quiet);
        }

        if (done.ExitCode != 0) throw Unavailable($"apt-get could not install docker.io ({LastLine(done.Output)}): {HowTo}");
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        logger.LogInformation("Starting Docker");
        await owned.RecordAsync(OwnedStart, cancellationToken);
        if (!await StartServiceAsync(cancellationToken)) await StartDetachedAsync(cancellationToken);
        await WaitAsync(cancellationToken);
    }

    /// <summary>
    /// The host's own service, by systemd or the init script; false where there is none or it fails, as the script does where its
    /// ulimit call is refused. Services listen on the default socket only.
    /// </summary>
    private async Task<bool> StartServiceAsync(CancellationToken cancellationToken)
    {
        if (options.Endpoint != DockerRuntimeOptions.DefaultEndpoint) return false;
        if (Directory.Exists("/run/systemd/system"))
        {
            await Command.RunAsync("systemctl", ["start", "docker"], null, CommandLimit, cancellationToken);
            return true;
        }

        if (!File.Exists("/etc/init.d/docker")) return false;
        var done = await Command.RunAsync("/etc/init.d/docker", ["start"], null, CommandLimit, cancellationToken);
        return done.ExitCode == 0;
    }

    /// <summary>A session of its own, orphaned at once and so adopted by init: it outlives us.</summary>
    private async Task StartDetachedAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(options.DataRoot);
        var log = Path.Combine(options.DataRoot, "dockerd.log");
        const string Script = "log=$1; shift; setsid dockerd \"$@\" >>\"$log\" 2>&1 </dev/null &";
        string[] arguments = ["-c", Script, "sh", log, "-H", options.Endpoint.OriginalString, .. options.DaemonArguments];
        await Command.RunAsync("sh", arguments, null, CommandLimit, cancellationToken);
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var timed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timed.CancelAfter(options.StartLimit);
        try
        {
            while (!(await ProbeAsync(timed.Token)).Answers) await Task.Delay(100, timed.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unavailable(
                $"Docker was started but does not answer on {options.Endpoint} within {options.StartLimit.TotalSeconds:0} s: see its log");
        }
    }

    /// <summary>Whether the engine answers; it has "timed out" where it takes the connection and says nothing.</summary>
    private async Task<(bool Answers, SocketError? Why)> ProbeAsync(CancellationToken cancellationToken)
    {
        if (options.Endpoint.Scheme != "unix") return (true, null);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.ProbeLimit);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(options.Endpoint.AbsolutePath), limit.Token);
            await socket.SendAsync("GET /_ping HTTP/1.0\r\n\r\n"u8.ToArray(), limit.Token);
            return (await socket.ReceiveAsync(new byte[16], limit.Token) > 0, null);
        }
        catch (SocketException exception)
        {
            return (false, exception.SocketErrorCode);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (false, SocketError.TimedOut);
        }
    }

    private void ThrowIfHung(SocketError? why)
    {
        if (why is not SocketError.TimedOut) return;
        throw new RuntimeException(
            RuntimeFailure.Timeout,
            $"Docker takes connections on {options.Endpoint.AbsolutePath} but has not answered within {options.ProbeLimit.TotalSeconds:0.#} s: "
            + "see its log, and restart it if it hangs");
    }

    private static string? FindProgram(string name) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/usr/bin:/usr/local/bin".Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);

    private static string LastLine(string output) => output.Trim().Split('\n')[^1];

    private static RuntimeException Unavailable(string message) => new(RuntimeFailure.Unavailable, message);
}
