using System.Globalization;
using Cluster.Containers.Pause;
using Docker.DotNet.Models;

namespace Cluster.Containers.Docker;

/// <summary>Turns our specs into the engine's create call.</summary>
internal static class CreateParameters
{
    private const long SandboxCpuShares = 2;
    private const string Unset = "";

    // The engine takes the image's entrypoint and arguments for a missing list only; an empty one means none.
    private static readonly IList<string> ImageValue = null!;

    public static CreateContainerParameters For(SandboxSpec sandbox, DockerRuntimeOptions options) => new()
    {
        Name = sandbox.Name,
        Image = PauseImage.Reference,
        Hostname = sandbox.HostNetwork ? Unset : sandbox.Hostname,
        Labels = WithInstance(sandbox.Labels, options),
        ExposedPorts = sandbox.Ports.Select(PortKey).Distinct().ToDictionary(key => key, _ => default(EmptyStruct)),
        HostConfig = new HostConfig
        {
            NetworkMode = sandbox.HostNetwork ? "host" : options.Network.Name,
            PidMode = sandbox.HostPid ? "host" : Unset,
            IpcMode = sandbox.HostIpc ? "host" : "shareable",
            Binds = sandbox.Mounts.Select(Bind).ToList(),
            Sysctls = new Dictionary<string, string>(sandbox.Sysctls),
            CgroupParent = sandbox.CgroupParent,
            CPUShares = SandboxCpuShares,
            OomScoreAdj = HostCapabilities.CanRaiseLimits ? -998 : 0,
            PortBindings = sandbox.Ports.GroupBy(PortKey).ToDictionary(group => group.Key, Bindings),
            LogConfig = Log(options),
            RestartPolicy = Never(),
        },
    };

    public static CreateContainerParameters For(ContainerSpec container, DockerRuntimeOptions options) => new()
    {
        Name = container.Name,
        Image = container.Image,
        Entrypoint = container.Command.Count == 0 ? ImageValue : container.Command.ToList(),
        Cmd = container.Arguments.Count == 0 ? ImageValue : container.Arguments.ToList(),
        Env = container.Environment.ToList(),
        WorkingDir = container.WorkingDirectory,
        Labels = WithInstance(container.Labels, options),
        User = container.Security.User,
        OpenStdin = container.Stdin,
        StdinOnce = container.StdinOnce,
        Tty = container.Tty,

        // Health is the kubelet's probes' affair.
        Healthcheck = new HealthcheckConfig { Test = ["NONE"] },
        HostConfig = Host(container, options),
    };

    private static HostConfig Host(ContainerSpec container, DockerRuntimeOptions options)
    {
        var shared = "container:" + container.SandboxId;
        var host = new HostConfig
        {
            NetworkMode = container.HostNetwork ? "host" : shared,
            IpcMode = container.HostIpc ? "host" : shared,
            PidMode = ProcessNamespace(container, shared),
            UTSMode = container.HostNetwork ? "host" : Unset,
            Binds = container.Mounts.Select(Bind).ToList(),
            CgroupParent = container.CgroupParent,
            LogConfig = Log(options),
            RestartPolicy = Never(),
        };
        SetResources(host, container.Resources);
        SetSecurity(host, container.Security);
        return host;
    }

    private static string ProcessNamespace(ContainerSpec container, string shared) =>
        container.ProcessNamespaceOf.Length > 0 ? "container:" + container.ProcessNamespaceOf
        : container.HostPid ? "host"
        : container.ShareProcessNamespace ? shared
        : Unset;

    private static void SetResources(HostConfig host, ContainerResources resources)
    {
        host.CPUShares = resources.CpuShares;
        host.CPUQuota = resources.CpuQuota;
        host.CPUPeriod = resources.CpuPeriod;
        host.Memory = resources.MemoryBytes;

        // The same value twice: memory and swap together, so no swap.
        host.MemorySwap = resources.MemoryBytes;
        host.OomScoreAdj = HostCapabilities.CanRaiseLimits ? resources.OomScoreAdjustment : Math.Max(0, resources.OomScoreAdjustment);
    }

    private static void SetSecurity(HostConfig host, ContainerSecurity security)
    {
        host.ReadonlyRootfs = security.ReadOnlyRootFilesystem;
        host.GroupAdd = security.SupplementalGroups.ToList();
        host.CapAdd = security.AddCapabilities.ToList();
        host.CapDrop = security.DropCapabilities.ToList();
        host.SecurityOpt = [];
        if (security.NoNewPrivileges) host.SecurityOpt.Add("no-new-privileges");
        if (security.SeccompUnconfined || security.Privileged) host.SecurityOpt.Add("seccomp=unconfined");
        if (!security.Privileged) return;
        host.Privileged = HostCapabilities.CanRaiseLimits;
        if (!host.Privileged) host.CapAdd = HostCapabilities.All.ToList();
    }

    private static Dictionary<string, string> WithInstance(IReadOnlyDictionary<string, string> labels, DockerRuntimeOptions options) =>
        new(labels) { [ContainerLabels.Instance] = options.Instance };

    private static LogConfig Log(DockerRuntimeOptions options) => new()
    {
        Type = "json-file",
        Config = new Dictionary<string, string>
        {
            ["max-size"] = options.LogMaxSize,
            ["max-file"] = options.LogMaxFiles.ToString(CultureInfo.InvariantCulture),
        },
    };

    // Restarts are the kubelet's decision.
    private static RestartPolicy Never() => new() { Name = RestartPolicyKind.No };

    private static string PortKey(PortMapping port) => $"{port.ContainerPort}/{port.Protocol}";

    private static IList<PortBinding> Bindings(IEnumerable<PortMapping> ports) =>
        ports.Select(port => new PortBinding { HostIP = port.HostAddress, HostPort = port.HostPort.ToString(CultureInfo.InvariantCulture) }).ToList();

    private static string Bind(BindMount mount)
    {
        var marks = new List<string>();
        if (mount.ReadOnly) marks.Add("ro");
        if (mount.Propagation is { } propagation) marks.Add(propagation);
        return marks.Count == 0
            ? $"{mount.HostPath}:{mount.ContainerPath}"
            : $"{mount.HostPath}:{mount.ContainerPath}:{string.Join(',', marks)}";
    }
}
