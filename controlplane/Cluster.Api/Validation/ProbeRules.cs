using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>Probes and hooks of a container: exactly one way each.</summary>
internal static class ProbeRules
{
    private const string OnlyOne = "may not specify more than 1 handler type";

    public static void Check(Container container, PodSpec spec, FieldPath path, FieldErrors errors)
    {
        Probe(container.LivenessProbe, onceIsEnough: true, path.Child("livenessProbe"), errors);
        Probe(container.ReadinessProbe, onceIsEnough: false, path.Child("readinessProbe"), errors);
        Probe(container.StartupProbe, onceIsEnough: true, path.Child("startupProbe"), errors);
        if (container.ReadinessProbe is { HasTerminationGracePeriodSeconds: true } readiness)
        {
            errors.Invalid(
                path.Child("readinessProbe").Child("terminationGracePeriodSeconds"), readiness.TerminationGracePeriodSeconds,
                "must not be set for readinessProbes");
        }
        Hook(container.Lifecycle?.PostStart, spec, path.Child("lifecycle").Child("postStart"), errors);
        Hook(container.Lifecycle?.PreStop, spec, path.Child("lifecycle").Child("preStop"), errors);
    }

    private static void Probe(Probe? probe, bool onceIsEnough, FieldPath path, FieldErrors errors)
    {
        if (probe is null)
        {
            return;
        }
        var handler = probe.Handler ?? new ProbeHandler();
        Handlers(
            path, errors,
            ("exec", handler.Exec, at => Exec(handler.Exec, at, errors)),
            ("httpGet", handler.HttpGet, at => HttpGet(handler.HttpGet, at, errors)),
            ("tcpSocket", handler.TcpSocket, at => ServicePortRules.NumberOrName(handler.TcpSocket.Port, at.Child("port"), errors)),
            ("grpc", handler.Grpc, at => errors.Invalid(at.Child("port"), handler.Grpc.Port, NameFormats.PortNumber(handler.Grpc.Port))));
        errors.NotNegative(path.Child("initialDelaySeconds"), probe.InitialDelaySeconds);
        errors.NotNegative(path.Child("timeoutSeconds"), probe.TimeoutSeconds);
        errors.NotNegative(path.Child("periodSeconds"), probe.PeriodSeconds);
        errors.NotNegative(path.Child("successThreshold"), probe.SuccessThreshold);
        errors.NotNegative(path.Child("failureThreshold"), probe.FailureThreshold);
        if (probe is { HasTerminationGracePeriodSeconds: true, TerminationGracePeriodSeconds: <= 0 })
        {
            errors.Invalid(path.Child("terminationGracePeriodSeconds"), probe.TerminationGracePeriodSeconds, "must be greater than 0");
        }
        if (onceIsEnough && probe.SuccessThreshold != 1)
        {
            errors.Invalid(path.Child("successThreshold"), probe.SuccessThreshold, "must be 1");
        }
    }

    private static void Hook(LifecycleHandler? hook, PodSpec spec, FieldPath path, FieldErrors errors)
    {
        if (hook is null)
        {
            return;
        }
        Handlers(
            path, errors,
            ("exec", hook.Exec, at => Exec(hook.Exec, at, errors)),
            ("httpGet", hook.HttpGet, at => HttpGet(hook.HttpGet, at, errors)),
            ("tcpSocket", hook.TcpSocket, at => ServicePortRules.NumberOrName(hook.TcpSocket.Port, at.Child("port"), errors)),
            ("sleep", hook.Sleep, at => Sleep(hook.Sleep, spec, at, errors)));
    }

    private static void Handlers(
        FieldPath path, FieldErrors errors, params (string Name, object? Value, Action<FieldPath> Check)[] handlers)
    {
        var given = handlers.Where(handler => handler.Value is not null).ToList();
        if (given.Count == 0)
        {
            errors.Required(path, "must specify a handler type");
            return;
        }
        given[0].Check(path.Child(given[0].Name));
        foreach (var extra in given.Skip(1))
        {
            errors.Forbidden(path.Child(extra.Name), OnlyOne);
        }
    }

    private static void Exec(ExecAction action, FieldPath path, FieldErrors errors)
    {
        if (action.Command.Count == 0)
        {
            errors.Required(path.Child("command"));
        }
    }

    private static void HttpGet(HTTPGetAction action, FieldPath path, FieldErrors errors)
    {
        errors.Present(path.Child("path"), action.Path);
        ServicePortRules.NumberOrName(action.Port, path.Child("port"), errors);
        if (action.Scheme is not ("HTTP" or "HTTPS"))
        {
            errors.NotSupported(path.Child("scheme"), action.Scheme, ["HTTP", "HTTPS"]);
        }
        foreach (var header in action.HttpHeaders)
        {
            errors.Format(path.Child("httpHeaders"), header.Name, NameFormats.HttpHeaderName);
        }
    }

    private static void Sleep(SleepAction action, PodSpec spec, FieldPath path, FieldErrors errors)
    {
        var grace = spec.TerminationGracePeriodSeconds;
        if (action.Seconds <= 0 || action.Seconds > grace)
        {
            errors.Invalid(
                path, action.Seconds,
                $"must be greater than 0 and less than terminationGracePeriodSeconds ({grace}). "
                + "Enable AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep.");
        }
    }
}
