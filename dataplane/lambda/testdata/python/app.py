import os


def echo(event, context):
    print("said: " + event["text"])
    return {
        "text": event["text"], "request": context.aws_request_id, "arn": context.invoked_function_arn,
        "left": context.get_remaining_time_in_millis() > 0,
    }


def throws(event, context):
    raise ValueError("no such luck")


def unmarshalled(event, context):
    return {1, 2}


def exits(event, context):
    os._exit(5)
