using Cluster.Api.CoreV1;
using Cluster.Containers;
using Cluster.Kubelet.Dns;
using Cluster.Kubelet.Images;
using Cluster.Kubelet.Variables;
using Cluster.Kubelet.Volumes;

namespace Cluster.Kubelet.Lifecycle;

/// <summary>Where a container is started: its pod's sandbox and prepared files.</summary>
internal sealed record StartPlace(string SandboxId, string PodIP, IReadOnlyDictionary<string, string> Volumes);

/// <summary>A container was not started; the reason is shown in its status.</summary>
internal sealed class StartException(string reason, string message) : Exception(message)
{
    public string Reason { get; } = reason;

    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>Takes one container from its spec to running: image, environment, mounts, create, start, postStart.</summary>
internal sealed class ContainerStarter(NodeContext node)
{
    private const string DefaultTerminationLog = "/dev/termination-log";
    private readonly PodNameFiles nameFiles = new(node.Options);
    private readonly LifecycleHooks hooks = new(node.Runtime, node.Prober, node.Time);

    /// <exception cref="StartException">It does not run, with the reason to show.</exception>
    public async Task StartAsync(Pod pod, StartOrder order, StartPlace place, CancellationToken cancellationToken)
    {
        var container = order.Container;
        var image = await ImageAsync(pod, container, cancellationToken);
        var id = await CreateAsync(pod, order, place, image, cancellationToken);
        node.Events.Normal(pod, container, "Created", $"Created container: {container.Name}");
        try
        {
            await node.Runtime.StartAsync(id, cancellationToken);
        }
        catch (RuntimeException exception)
        {
            throw Failed(pod, container, "RunContainerError", exception.Message);
        }

        node.Events.Normal(pod, container, "Started", $"Started container {container.Name}");
        if (container.Lifecycle?.PostStart is { } hook) await PostStartAsync(pod, container, hook, id, place.PodIP, cancellationToken);
    }

    private async Task<ImageDetails> ImageAsync(Pod pod, Container container, CancellationToken cancellationToken)
    {
        try
        {
            return await node.Images.EnsureAsync(pod, container, cancellationToken);
        }
        catch (ImagePullException exception)
        {
            node.Events.Warning(pod, container, "Failed", $"Error: {exception.Reason}");
            throw new StartException(exception.Reason, exception.Message) { RetryAfter = exception.RetryAfter };
        }
    }

    private async Task<string> CreateAsync(
        Pod pod, StartOrder order, StartPlace place, ImageDetails image, CancellationToken cancellationToken)
    {
        ContainerSpec spec;
        try
        {
            spec = await SpecAsync(pod, order, place, image, cancellationToken);
        }
        catch (Exception exception) when (exception is ContainerConfigException or IOException or UnauthorizedAccessException)
        {
            throw Failed(pod, order.Container, "CreateContainerConfigError", exception.Message);
        }

        if (spec.Security.Privileged && !node.Host.SupportsPrivileged)
            node.Events.Warning(
                pod, order.Container, "PrivilegedReduced",
                "This host cannot start privileged containers: the container gets all capabilities the host has instead");
        try
        {
            return await node.Runtime.CreateAsync(spec, cancellationToken);
        }
        catch (RuntimeException exception)
        {
            throw Failed(pod, order.Container, "CreateContainerError", exception.Message);
        }
    }

    private async Task<ContainerSpec> SpecAsync(
        Pod pod, StartOrder order, StartPlace place, ImageDetails image, CancellationToken cancellationToken)
    {
        var container = order.Container;
        var addresses = new PodAddresses(place.PodIP, node.Options.NodeAddress);
        var builder = new EnvironmentBuilder(pod, container, addresses, node.Objects, node.Allocatable);
        var links = !pod.Spec.HasEnableServiceLinks || pod.Spec.EnableServiceLinks;
        var services = ServiceVariables.For(node.Services.List(), pod.Metadata.Namespace, links);
        var environment = await builder.BuildAsync(services, cancellationToken);
        if (builder.InvalidNames.Count > 0)
            node.Events.Warning(
                pod, "InvalidEnvironmentVariableNames",
                $"Keys [{string.Join(", ", builder.InvalidNames)}] were skipped since they are considered invalid environment variable names.");
        var mounts = VolumeMounts.For(container, place.Volumes, environment).ToList();
        var taken = mounts.Select(mount => mount.ContainerPath).ToHashSet();
        var names = await nameFiles.WriteAsync(pod, node.Directory(pod.Metadata.Uid), place.PodIP, cancellationToken);
        mounts.AddRange(names.Where(mount => !taken.Contains(mount.ContainerPath)));
        mounts.Add(TerminationLog(pod, order));
        return new ContainerSpec
        {
            Name = ContainerNames.Make(container.Name, pod.Metadata.Name, pod.Metadata.Namespace, pod.Metadata.Uid, order.Attempt),
            Image = image.Id,
            SandboxId = place.SandboxId,
            Labels = Labels(pod, order, place.SandboxId),
            Command = container.Command.Select(word => Expansion.Expand(word, environment)).ToList(),
            Arguments = container.Args.Select(word => Expansion.Expand(word, environment)).ToList(),
            Environment = environment.Select(pair => $"{pair.Key}={pair.Value}").ToList(),
            WorkingDirectory = container.WorkingDir,
            Mounts = mounts,
            Stdin = container.Stdin,
            StdinOnce = container.StdinOnce,
            Tty = container.Tty,
            HostNetwork = pod.Spec.HostNetwork,
            HostPid = pod.Spec.HostPID,
            HostIpc = pod.Spec.HostIPC,
            ShareProcessNamespace = pod.Spec.ShareProcessNamespace,
            ProcessNamespaceOf = order.ProcessesOf,
            Resources = ResourceSettings.Of(pod, container, node.Host.MemoryBytes),
            Security = SecuritySettings.Of(pod, container, image),
        };
    }

    private BindMount TerminationLog(Pod pod, StartOrder order)
    {
        var path = node.Directory(pod.Metadata.Uid).TerminationLog(order.Container.Name, order.Attempt);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, []);

        // Whoever the container runs as must be able to write it.
        File.SetUnixFileMode(path, (UnixFileMode)0b110_110_110);
        var target = order.Container.TerminationMessagePath;
        return new BindMount(path, target.Length == 0 ? DefaultTerminationLog : target, ReadOnly: false);
    }

    private static Dictionary<string, string> Labels(Pod pod, StartOrder order, string sandboxId) => new()
    {
        [ContainerLabels.PodName] = pod.Metadata.Name,
        [ContainerLabels.PodNamespace] = pod.Metadata.Namespace,
        [ContainerLabels.PodUid] = pod.Metadata.Uid,
        [ContainerLabels.ContainerName] = order.Container.Name,
        [ContainerLabels.Type] = ContainerLabels.ContainerType,
        [ContainerLabels.SandboxId] = sandboxId,
        [ContainerLabels.Hash] = ContainerHash.Of(order.Container),
        [ContainerLabels.RestartCount] = $"{order.Attempt}",
        [ContainerLabels.TerminationMessagePath] = order.Container.TerminationMessagePath,
        [ContainerLabels.TerminationMessagePolicy] = order.Container.TerminationMessagePolicy,
        [ContainerLabels.TerminationGracePeriod] = $"{pod.Spec.TerminationGracePeriodSeconds}",
    };

    /// <summary>A failed postStart hook ends the container: it counts as never having come up.</summary>
    private async Task PostStartAsync(
        Pod pod, Container container, LifecycleHandler hook, string id, string podIP, CancellationToken cancellationToken)
    {
        string? failure;
        try
        {
            failure = await hooks.RunAsync(container, hook, id, podIP, TimeSpan.FromMinutes(5), cancellationToken);
        }
        catch (RuntimeException exception)
        {
            failure = exception.Message;
        }

        if (failure is null) return;
        node.Events.Warning(pod, container, "FailedPostStartHook", $"PostStartHook failed: {failure}");
        await node.Runtime.StopAsync(id, ContainerKiller.MinimumGrace, cancellationToken);
        throw new StartException("PostStartHookError", $"PostStartHook failed: {failure}");
    }

    private StartException Failed(Pod pod, Container container, string reason, string message)
    {
        node.Events.Warning(pod, container, "Failed", $"Error: {message}");
        return new StartException(reason, message);
    }
}
